#include "base/date.h"

#include <time.h>

static struct tm parts(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

static void two_digits(char *at, int value)
{
    at[0] = (char)('0' + value / 10 % 10);
    at[1] = (char)('0' + value % 10);
}

/* By hand: strftime costs a microsecond, and every document carries two dates. */
void date_add_iso(struct buf *buf, int64_t ms)
{
    char text[] = "\"0000-00-00T00:00:00Z\"";
    struct tm tm = parts(ms);
    int year = tm.tm_year + 1900;
    two_digits(text + 1, year / 100);
    two_digits(text + 3, year);
    two_digits(text + 6, tm.tm_mon + 1);
    two_digits(text + 9, tm.tm_mday);
    two_digits(text + 12, tm.tm_hour);
    two_digits(text + 15, tm.tm_min);
    two_digits(text + 18, tm.tm_sec);
    buf_add(buf, (struct str){text, sizeof text - 1});
}

void date_add_rfc2822(struct buf *buf, int64_t ms)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = parts(ms);
    buf_addf(buf, "\"%s, %02d %s %04d %02d:%02d:%02d +0000\"", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
