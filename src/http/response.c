#include "http/response.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static void add_header(struct buf *out, const char *name, const char *value)
{
    if (strpbrk(value, "\r\n")) /* it would be two */
        return;
    buf_add(out, str_from(name));
    buf_add_lit(out, ": ");
    buf_add(out, str_from(value));
    buf_add_lit(out, "\r\n");
}

bool response_may_have_body(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void add_length(const struct response *response, struct buf *out)
{
    unsigned status = response->status;
    if (!response_may_have_body(status) && !(status == 304 && response->length))
        return;
    buf_add_lit(out, "Content-Length: ");
    buf_add_u64(out, response->length);
    buf_add_lit(out, "\r\n");
}

static void add_status(unsigned status, struct buf *out)
{
    if (status == 200) {
        buf_add_lit(out, "HTTP/1.1 200 OK\r\n");
        return;
    }
    buf_add_lit(out, "HTTP/1.1 ");
    buf_add_u64(out, status);
    buf_add_char(out, ' ');
    buf_add(out, str_from(reason_of(status)));
    buf_add_lit(out, "\r\n");
}

static void add_connection(const struct response *response, struct buf *out)
{
    if (response->upgrades)
        buf_add_lit(out, "Connection: Upgrade\r\n");
    else if (response->closes)
        buf_add_lit(out, "Connection: close\r\n");
    else if (response->keeps_alive)
        buf_add_lit(out, "Connection: Keep-Alive\r\n");
}

void response_write(const struct response *response, struct buf *out)
{
    add_status(response->status, out);
    buf_add_lit(out, "Date: ");
    buf_add(out, str_from(response->date));
    buf_add_lit(out, "\r\n");
    add_connection(response, out);
    add_length(response, out);
    if (response->content_type)
        add_header(out, "Content-Type", response->content_type);
    for (const struct http_header *header = response->headers; header; header = header->next)
        add_header(out, header->name, header->value);
    buf_add_lit(out, "\r\n");
}

void response_date(int64_t s, char text[32])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t time = (time_t)s;
    gmtime_r(&time, &tm);
    snprintf(text, 32, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}
