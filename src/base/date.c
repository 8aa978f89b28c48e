#include "base/date.h"

struct parts {
    unsigned year, month, day; /* month and day count from 1 */
    unsigned hour, minute, second;
    unsigned weekday; /* 0: Sunday */
};

/* By hand and not with gmtime_r, which takes a lock that all threads share. The calendar year is
 * taken to begin in March, so that the leap day is the last of its year, and every 400 years
 * (146,097 days) are alike. */
static struct parts split(int64_t ms)
{
    uint64_t seconds = ms > 0 ? (uint64_t)ms / 1000 : 0;
    uint64_t days = seconds / 86400 + 719468; /* since 1 March of the year 0 */
    unsigned rest = (unsigned)(seconds % 86400);
    unsigned in_era = (unsigned)(days % 146097);
    unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * in_year + 2) / 153; /* 0: March */
    return (struct parts){
        .year = year + (unsigned)(days / 146097) * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = in_year - (153 * month + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .weekday = (unsigned)((days + 3) % 7),
    };
}

/* Of a value below 100. */
static void two_digits(char *at, unsigned value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

static void put_iso(char *at, int64_t ms)
{
    struct parts parts = split(ms);
    two_digits(at, parts.year / 100 % 100);
    two_digits(at + 2, parts.year % 100);
    two_digits(at + 5, parts.month);
    two_digits(at + 8, parts.day);
    two_digits(at + 11, parts.hour);
    two_digits(at + 14, parts.minute);
    two_digits(at + 17, parts.second);
}

void date_add_iso(struct buf *buf, int64_t ms)
{
    char text[] = "\"0000-00-00T00:00:00Z\"";
    put_iso(text + 1, ms);
    buf_add(buf, (struct str){text, sizeof text - 1});
}

void date_add_iso_ms(struct buf *buf, int64_t ms)
{
    char text[] = "\"0000-00-00T00:00:00.000Z\"";
    unsigned rest = ms > 0 ? (unsigned)(ms % 1000) : 0;
    put_iso(text + 1, ms);
    text[21] = (char)('0' + rest / 100);
    two_digits(text + 22, rest % 100);
    buf_add(buf, (struct str){text, sizeof text - 1});
}

void date_add_rfc2822(struct buf *buf, int64_t ms)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct parts parts = split(ms);
    buf_addf(buf, "\"%s, %02u %s %04u %02u:%02u:%02u +0000\"", days[parts.weekday], parts.day,
             months[parts.month - 1], parts.year, parts.hour, parts.minute, parts.second);
}
