/* The few things every user of the SQLite C API needs, with our errors. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "base/err.h"
#include "base/str.h"

#include <sqlite3.h>

/* Prepare for long use. ERR_STORE. */
must_check enum err sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt);

/* Run statements that return nothing. */
must_check enum err sql_exec(sqlite3 *db, const char *text);

/* Parameters count from 1, columns from 0. A bound string is not copied: it must live until
 * sql_done. Absent strings are NULL. */
void sql_bind_int(sqlite3_stmt *stmt, int at, int64_t value);
void sql_bind_str(sqlite3_stmt *stmt, int at, struct str value);
struct str sql_column_str(sqlite3_stmt *stmt, int at); /* until the next step or reset */

/* Step to the next row: `row` says whether there is one. On an error and after the last row
 * the statement is reset. */
must_check enum err sql_step(sqlite3_stmt *stmt, bool *row);

/* Step a statement that returns no row, and reset it. */
must_check enum err sql_run(sqlite3_stmt *stmt);

/* Reset a statement that was left before its last row. */
void sql_done(sqlite3_stmt *stmt);

/* What went wrong last on `db`. Where SQLite found nothing wrong, what it read contradicts itself.
 */
const char *sql_reason(sqlite3 *db);

/* What the last failing call on `db` means to us: ERR_UNSURE when an fsync failed, or a write
 * failed otherwise than for want of space, else ERR_STORE. */
enum err sql_err(sqlite3 *db);

/* The same of a checkpoint, which writes to the database and not to the log. */
enum err sql_checkpoint_err(sqlite3 *db);

/* Did it fail before anything of it was in the log: for want of space (a full disk, or a quota), or
 * since somebody else writes? */
bool sql_is_refused(sqlite3 *db);

#endif
