#include "store/transaction.h"

enum err transaction_init(struct transaction *transaction, sqlite3 *db, struct why *failure)
{
    *transaction = (struct transaction){.db = db, .failure = failure};
    enum err e = sql_prepare(db, "BEGIN IMMEDIATE", &transaction->begin);
    if (!e)
        e = sql_prepare(db, "COMMIT", &transaction->commit);
    if (!e)
        e = sql_prepare(db, "ROLLBACK", &transaction->rollback);
    return e;
}

void transaction_deinit(struct transaction *transaction)
{
    sqlite3_finalize(transaction->begin);
    sqlite3_finalize(transaction->commit);
    sqlite3_finalize(transaction->rollback);
}

enum err transaction_begin(struct transaction *transaction)
{
    return sql_run(transaction->begin);
}

enum err transaction_commit(struct transaction *transaction)
{
    return sql_run(transaction->commit);
}

/* Once its last page is in the log, a transaction may be back after a crash, whatever else of
 * the commit fails. Only a refusal is always said before. */
enum err transaction_commit_or_unsure(struct transaction *transaction)
{
    enum err e = sql_run(transaction->commit);
    return e && !sql_is_refused(transaction->db) ? ERR_UNSURE : e;
}

enum err transaction_fail(struct transaction *transaction, enum err e)
{
    if (!e)
        return OK;
    why_set(transaction->failure, "%s", sql_reason(transaction->db));
    if (e == ERR_UNSURE)
        transaction->unsure = true;
    return e;
}

enum err transaction_roll_back(struct transaction *transaction, enum err e)
{
    transaction_fail(transaction, e);
    if (!sqlite3_get_autocommit(transaction->db) && sql_run(transaction->rollback) != OK)
        transaction->unsure = true;
    return transaction->unsure ? ERR_UNSURE : e;
}
