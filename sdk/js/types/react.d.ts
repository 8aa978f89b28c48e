// tutti-sync/react: hooks that open an object while a component is there.

import type {
  Json,
  Mutator,
  OpenDocumentOptions,
  OpenListOptions,
  OpenMapOptions,
  SyncClient,
  SyncDocument,
  SyncError,
  SyncList,
  SyncMap,
  WriteOptions,
  CallOptions,
} from './index.js';

export type Status = 'loading' | 'ready' | 'error' | 'removed';

interface Shown {
  status: Status;
  error: SyncError | Error | null;
  /** Whether it is kept up to date. */
  live: boolean;
}

export function useDocument<T extends object = Json>(
  client: SyncClient,
  id: string,
  options?: Omit<OpenDocumentOptions<T>, 'id'>,
): Shown & {
  data: T | undefined;
  document: SyncDocument<T> | null;
  set(data: T, options?: WriteOptions): Promise<T>;
  mutate(mutator: Mutator<T>, options?: WriteOptions): Promise<T>;
  update(members: Partial<T>, options?: WriteOptions): Promise<T>;
};

export function useList<T extends object = Json>(
  client: SyncClient,
  id: string,
  options?: Omit<OpenListOptions, 'id'>,
): Shown & {
  items: { index: number; data: T; revision: string; pending: boolean }[];
  list: SyncList<T> | null;
  push: SyncList<T>['push'];
  set: SyncList<T>['set'];
  mutate: SyncList<T>['mutate'];
  update: SyncList<T>['update'];
  remove(index: number, options?: CallOptions): Promise<void>;
};

export function useMap<T extends object = Json>(
  client: SyncClient,
  id: string,
  options?: Omit<OpenMapOptions, 'id'>,
): Shown & {
  items: { key: string; data: T; revision: string; pending: boolean }[];
  map: SyncMap<T> | null;
  set: SyncMap<T>['set'];
  mutate: SyncMap<T>['mutate'];
  update: SyncMap<T>['update'];
  remove(key: string, options?: CallOptions): Promise<void>;
};
