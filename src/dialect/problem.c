#include "dialect/problem.h"

#include "base/utf8.h"

#include <stddef.h>

static const struct problem problems[] = {
    {ERR_ROUTE, 0, 404, 20404, "The requested resource {} was not found",
     "There is nothing at this path. Check the spelling: names in paths are case-sensitive, and "
     "there is no slash at the end."},
    {ERR_METHOD, 0, 405, 20004, "Method not allowed",
     "The path exists, but not with this method. The Allow header of the answer lists those it "
     "takes."},
    {ERR_AUTH, 0, 401, 20003, "Authenticate",
     "Send HTTP Basic credentials: the account's SID and auth token, or an API key's SID and "
     "secret. A key that was removed is refused from that moment on."},
    {ERR_ELSEWHERE, 0, 403, 20403, "Only for pages of this server, opened on its own machine",
     "In development mode the console needs no sign-in. So it answers browsers of this machine "
     "alone, at an address that begins with http://localhost, http://127.0.0.1 or http://[::1], "
     "and neither other pages nor proxies."},
    {ERR_FOREIGN_SITE, 0, 403, 20403, "Not from a page of another site",
     "A browser sends the credentials that it was given with whatever a page of any site asks of "
     "this server. So writes that other sites' pages cause are refused. Write from your own back "
     "end; or name the site's origin in the option write-origins."},
    {ERR_KEY_MANAGES, 0, 403, 20403, "API keys are managed with the account's own credentials",
     "An API key can neither make, read, change nor remove API keys: removing a key that leaked must "
     "lock its holder out. Use the account's SID and auth token."},
    {ERR_READ_ONLY, 0, 403, 20403, "The console is read-only",
     "The server was started with console-read-only: its pages show everything and change nothing. "
     "The REST API takes writes as ever."},
    {ERR_BODY_LARGE, 0, 413, 20413, "Request entity too large",
     "The request's body is larger than the server reads (option body-size-max)."},
    {ERR_MEDIA_TYPE, 0, 415, 20415, "Unsupported media type",
     "Send fields as application/x-www-form-urlencoded, or as one JSON object with the same names "
     "as application/json."},
    {ERR_BODY, 0, 400, 20422, "The request's fields cannot be read",
     "The body or the query is not what its media type says, or is not UTF-8."},
    {ERR_PARAMETER, 0, 400, 20422, "Invalid parameter",
     "A field has a value that it cannot have, or nearly the name of another one; the message says "
     "which."},
    {ERR_HTTP, 0, 400, 20400, "Not a valid HTTP/1.1 request",
     "The request line, a header or a chunk of the body is not as RFC 9112 has it: lines end with CR "
     "LF, names are tokens, nothing is folded, and there is one way only to say how long the body is. "
     "The connection was closed."},
    {ERR_HTTP_HOST, 0, 400, 20400, "The request needs one valid Host header",
     "HTTP/1.1 asks for exactly one Host header in each request (RFC 9112, section 3.2)."},
    {ERR_HTTP_TARGET, 0, 414, 20414, "The request line is too long",
     "Request line and headers together may have as many bytes as the option header-size-max says."},
    {ERR_HTTP_HEADERS, 0, 431, 20431, "The request's headers are too large",
     "There may be 100 headers, and with the request line as many bytes as the option "
     "header-size-max says."},
    {ERR_HTTP_CODING, 0, 501, 20501, "The transfer coding is not known",
     "Send the body with a Content-Length, or with Transfer-Encoding: chunked alone."},
    {ERR_HTTP_VERSION, 0, 505, 20505, "This version of HTTP is not spoken here",
     "The server speaks HTTP/1.1 and HTTP/1.0."},
    {ERR_SERVICE_MISSING, 0, 404, 54050, "Service Instance not found",
     "There is no service with this SID, and none with this unique name. The service `default` "
     "exists from the first start."},
    {ERR_MISSING, KIND_DOCUMENT, 404, 54100, "Document not found",
     "No document of this service has this SID: it never existed, was removed, or has expired."},
    {ERR_MISSING, KIND_LIST, 404, 54150, "List not found",
     "No list of this service has this SID: it never existed, was removed, or has expired."},
    {ERR_MISSING, KIND_LIST_ITEM, 404, 54151, "Item not found",
     "The list has no item with this index: it was never given, or its item was removed or has "
     "expired. An index is not given twice."},
    {ERR_MISSING, KIND_MAP, 404, 54200, "Map not found",
     "No map of this service has this SID: it never existed, was removed, or has expired."},
    {ERR_MISSING, KIND_MAP_ITEM, 404, 54201, "Item not found",
     "The map has no item with this key: it never existed, was removed, or has expired."},
    {ERR_MISSING, KIND_STREAM, 404, 54250, "Message Stream not found",
     "No message stream of this service has this SID: it never existed, was removed, or has "
     "expired."},
    {ERR_MISSING, KIND_PERMISSION, 404, 54354, "Permission not found",
     "Nothing was said of what this identity may do with the object."},
    {ERR_MISSING, 0, 404, 20404, "The requested resource was not found",
     "There is no object with this SID: it never existed, was removed, or has expired. List what there "
     "is with GET on the path without the SID."},
    {ERR_NAME_MISSING, 0, 404, 54300, "Unique name not found",
     "No object of this kind in this service has this unique name: it never existed, was removed, or "
     "has expired. Names are case-sensitive. To create it, POST UniqueName to the path without the "
     "name."},
    {ERR_NAME_TAKEN, KIND_MAP_ITEM, 409, 54208, "Map Item already exists",
     "The map has an item with this key. Update that one, or write with PUT, which creates or "
     "replaces."},
    {ERR_NAME_TAKEN, 0, 409, 54301, "Unique name already exists",
     "Another object of this kind in this service has the name. Read or update that one, or "
     "choose another name."},
    {ERR_NAME_INVALID, 0, 400, 54302,
     "Invalid unique name. Expected a string with length 1-320 not matching the SID pattern "
     "[A-Z]{2}[a-f0-9]{32}",
     "A unique name has 1 to 320 characters and does not look like a SID."},
    {ERR_KEY, 0, 400, 54209, "Invalid Map Item key",
     "The key of a map item has 1 to 320 characters, any of them; to create one it is the field "
     "Key. In a path, everything but letters, digits and -._~ is percent-encoded."},
    {ERR_INDEX, 0, 400, 54458, "Invalid List Item index",
     "The index of a list item is a whole number from 0, as the server gave it."},
    {ERR_IDENTITY, 0, 400, 54351, "Invalid identity", "An identity has 1 to 256 characters."},
    {ERR_DENIED, 0, 403, 54007, "Access forbidden for identity",
     "The service has acl_enabled, and its permissions do not let this identity do that with this "
     "object. Grant it with the account's credentials over the REST API: POST Read, Write or Manage "
     "as true to Permissions/IDENTITY below the object's path."},
    {ERR_TOKEN, 0, 401, 20101, "Invalid Access Token",
     "What was sent is not a JSON Web Token: three parts of base64url without padding, the first "
     "two of them JSON objects."},
    {ERR_TOKEN_HEADER, 0, 401, 20102, "Invalid Access Token header",
     "The token's header has typ JWT, cty twilio-fpa;v=1 and as alg HS256, HS384 or HS512."},
    {ERR_TOKEN_ISSUER, 0, 401, 20103, "Invalid Access Token issuer/subject",
     "The token's iss is the SID of an API key that exists, and its sub this server's account SID. "
     "A key that was removed is refused from that moment on."},
    {ERR_TOKEN_EXPIRED, 0, 401, 20104, "Access Token expired or expiration date invalid",
     "The time that the token's exp names is past, or exp is missing. Get a new one; if it was "
     "made just now, compare the clocks of the two machines."},
    {ERR_TOKEN_EARLY, 0, 401, 20105, "Access Token not yet valid",
     "The time that the token's nbf names is still to come. Compare the clock of the machine that "
     "made it with this server's."},
    {ERR_TOKEN_GRANTS, 0, 401, 20106, "Invalid Access Token grants",
     "The token's grants have an identity of 1 to 256 characters, and data_sync with the SID or "
     "unique name of a service that exists; without service_sid it is `default`."},
    {ERR_TOKEN_SIGNATURE, 0, 401, 20107, "Invalid Access Token signature",
     "The token was not signed with the secret of the API key that its iss names, or was changed "
     "afterwards. The account's auth token cannot sign."},
    {ERR_TOKEN_LONG, 0, 401, 20157,
     "Expiration Time in the Access Token Exceeds Maximum Time Allowed",
     "From nbf, or else iat, to exp a token may have 24 hours at most."},
    {ERR_TOKEN_OTHER, 0, 401, 51215,
     "Can't update token, new token was issued for other identity/instance/product.",
     "A connection stays with the identity and the service that it began with. For others make a "
     "new client."},
    {ERR_LOST, 0, 410, 20410, "What was missed is no longer kept",
     "The client was away for longer than changes are kept (options journal-keep-changes and "
     "journal-keep-s), or had no right to read meanwhile. Read the object again and go on from "
     "there."},
    {ERR_GUESSES, 0, 429, 20429, "Too many wrong credentials",
     "From the address that this came from so many credentials were wrong that none are looked at "
     "for a while, the right ones neither. Wait for as many seconds as Retry-After says. Behind a "
     "proxy all clients have its address, until the option trusted-addresses names it."},
    {ERR_RATE, 0, 429, 51202, "Too many requests",
     "The client sends more at a time than the server takes from one. Slow down, and try again."},
    {ERR_INDEX_MISSING, 0, 404, 54502, "Invalid index name",
     "A query is about a map, and there is none with this unique name."},
    {ERR_QUERY, 0, 400, 54507, "Invalid query", "The message says what cannot be read, and where."},
    {ERR_QUERY_OPERATORS, 0, 400, 54509, "Too many operators",
     "A query has fewer than 30 comparisons."},
    {ERR_QUERY_ARRAY, 0, 400, 54510, "Array with too many items",
     "An array in a query has fewer than 30 values."},
    {ERR_IF_MATCH, 0, 400, 54003, "Invalid If-Match header",
     "If-Match takes revisions as the API returned them, quoted or bare, separated by commas, or "
     "an asterisk."},
    {ERR_REVISION, KIND_DOCUMENT, 412, 54103,
     "The revision of the Document does not match the expected revision",
     "Somebody else wrote the document after you read it; nothing of your write was kept. Read it "
     "again, apply your change to what you find, and send that with the new revision."},
    {ERR_REVISION, KIND_LIST_ITEM, 412, 54155,
     "The revision of the List Item does not match the expected revision",
     "Somebody else wrote the item after you read it; nothing of your write was kept. Read it "
     "again, apply your change to what you find, and send that with the new revision."},
    {ERR_REVISION, KIND_MAP_ITEM, 412, 54205,
     "The revision of the Map Item does not match the expected revision",
     "Somebody else wrote the item after you read it, or, with PUT, there is none; nothing of your "
     "write was kept. Read it again, apply your change to what you find, and send that with the "
     "new revision."},
    {ERR_REVISION, 0, 412, 20412, "Precondition failed",
     "If-Match names another revision than the current one. That of a list or a map moves with "
     "each change of its items."},
    {ERR_EXISTS, 0, 412, 20412, "Precondition failed",
     "The request's condition does not hold: with `If-None-Match: *` an object is created only "
     "if none has its name, an item only if none has its key."},
    {ERR_KEY_REUSED, 0, 422, 20422, "The Idempotency-Key was used for another request",
     "A key stands for one write: the same method, path, conditions and fields. Make a new key for "
     "each write, and use it again only to repeat that one."},
    {ERR_KEY_FORGOTTEN, 0, 409, 20409, "It is not known whether the write was done",
     "The client sent a write again, and the server remembers Idempotency-Keys not so far back: it "
     "was restarted meanwhile, or had no more room (options idempotency-size-max and "
     "idempotency-keep-s). Read the object, and see."},
    {ERR_TOO_LARGE, KIND_MESSAGE, 413, 54006, "Request entity too large",
     "The data is larger than a stream message may be: 4 KiB of JSON in UTF-8, without white space "
     "between tokens, unless the server is configured otherwise (option message-size-max)."},
    {ERR_TOO_LARGE, 0, 413, 54006, "Request entity too large",
     "The data is larger than a document or an item may be: 16 KiB of JSON in UTF-8, without white "
     "space between tokens, unless the server is configured otherwise (option "
     "document-size-max)."},
    {ERR_JSON, 0, 400, 54008, "Invalid JSON",
     "Data is not JSON. The message says what was expected, and at which byte."},
    {ERR_DATA, KIND_DOCUMENT, 400, 54101, "Invalid Document data",
     "A document's data is a JSON object: {...}, not null, a string, a number or an array."},
    {ERR_DATA, KIND_LIST_ITEM, 400, 54156, "Invalid List Item data",
     "A list item's data is a JSON object: {...}, not null, a string, a number or an array. An "
     "item is not created without it."},
    {ERR_DATA, KIND_MAP_ITEM, 400, 54206, "Invalid Map Item data",
     "A map item's data is a JSON object: {...}, not null, a string, a number or an array. An item "
     "is not created without it."},
    {ERR_DATA, KIND_MESSAGE, 400, 54251, "Invalid Stream Message data",
     "A stream message's data is a JSON object: {...}, not null, a string, a number or an array. "
     "There is no message without it."},
    {ERR_DATA, 0, 400, 54101, "Invalid data",
     "Data is a JSON object: {...}, not null, a string, a number or an array."},
    {ERR_TTL, 0, 400, 54011, "Invalid TTL",
     "Give a time to live as a whole number of seconds from 0 (for ever) to 31536000 (a year)."},
    {ERR_NO_PARAMETERS, 0, 400, 54010, "No parameters specified",
     "An update must name at least one field to update. With an item, CollectionTtl alone is "
     "none: it goes with Data or ItemTtl. With a permission they are Read, Write and Manage."},
    {ERR_FRIENDLY_NAME, KIND_KEY, 400, 20002, "Invalid FriendlyName",
     "An API key's friendly name has at most 64 characters."},
    {ERR_FRIENDLY_NAME, 0, 400, 54053, "Invalid friendly name",
     "A service's friendly name has 1 to 255 characters."},
    {ERR_WEBHOOK_URL, 0, 400, 54051, "Invalid webhook URL",
     "A webhook URL is a complete, percent-encoded http or https URL of at most 512 characters."},
    {ERR_PAGE_TOKEN, 0, 400, 54453, "Invalid PageToken",
     "Page tokens come from the server, in next_page_url and previous_page_url, and go back "
     "unchanged to the same kind of list in the same order."},
    {ERR_PAGE_SIZE, 0, 400, 54454, "Invalid PageSize",
     "PageSize is a whole number from 1 to 1000; at most 100 objects come in one page."},
    {ERR_ORDER, 0, 400, 54451, "Invalid Order", "Order is asc or desc."},
    {ERR_BOUNDS, 0, 400, 54452, "Invalid Bounds",
     "Bounds is inclusive or exclusive: whether the page begins with what From names, or behind "
     "it."},
    {ERR_BUSY, 0, 503, 20503, "Service unavailable",
     "The server has more to do than it can hold in its queues. Nothing was done; try again after "
     "the seconds that Retry-After names."},
    {ERR_STORE, 0, 503, 20503, "Service unavailable",
     "The server could not write to its disk, perhaps because it is full. Nothing of the request "
     "was kept; try again after the seconds that Retry-After names."},
    {ERR_UNSURE, 0, 500, 20500, "Internal server error", "The server failed. Its log says why."},
};

enum { PROBLEMS = sizeof problems / sizeof *problems };

const struct problem *problem_find(enum err err, enum kind kind)
{
    const struct problem *fits = &problems[PROBLEMS - 1];
    for (size_t i = PROBLEMS; i-- > 0;)
        if (problems[i].err == err && (problems[i].kind == 0 || problems[i].kind == kind))
            fits = &problems[i];
    return fits;
}

const struct problem *problem_by_code(unsigned code)
{
    for (size_t i = 0; i < PROBLEMS; i++)
        if (problems[i].code == code)
            return &problems[i];
    return NULL;
}

/* The detail stands where the message has {}, else behind a colon. */
static void add_message(const struct problem *problem, struct str detail, struct buf *text)
{
    const char *place = strstr(problem->message, "{}");
    if (place) {
        buf_add(text, (struct str){problem->message, (size_t)(place - problem->message)});
        buf_add(text, detail);
        buf_add(text, str_from(place + (detail.len ? 2 : 3)));
        return;
    }
    buf_add(text, str_from(problem->message));
    if (detail.len) {
        buf_add_lit(text, ": ");
        buf_add(text, detail);
    }
}

/* A detail may hold a path as it was sent, or have been cut within a character. */
static void write_message(const struct problem *problem, const char *detail, struct buf *out)
{
    struct str shown = str_from(detail);
    struct buf text;
    shown.len = utf8_valid_prefix(shown);
    buf_init(&text, 1024);
    add_message(problem, shown, &text);
    buf_add_json(out, buf_str(&text));
    buf_deinit(&text);
}

void problem_write(const struct problem *problem, const char *detail, struct str base,
                   struct buf *out)
{
    buf_addf(out, "{\"code\":%u,\"message\":", problem->code);
    write_message(problem, detail, out);
    buf_addf(out, ",\"more_info\":\"%.*s/docs/errors/%u\",\"status\":%u", STR_ARG(base),
             problem->code, problem->status);
    if (problem->err != ERR_REVISION) {
        buf_add_lit(out, ",\"details\":{\"advice\":");
        buf_add_json(out, str_from(problem->advice));
        buf_add_char(out, '}');
    }
    buf_add_char(out, '}');
}

static void write_advice(const struct problem *problem, struct buf *out)
{
    buf_add_lit(out, "<p><strong>");
    add_message(problem, STR(""), out);
    buf_addf(out, "</strong> (HTTP status %u)</p><p>%s</p>", problem->status, problem->advice);
}

void problem_write_page(unsigned code, struct buf *out)
{
    buf_addf(out,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\">"
             "<title>Error %u</title>"
             "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;"
             "padding:0 1rem;color-scheme:light dark}</style></head>\n"
             "<body><h1>Error %u</h1>",
             code, code);
    for (size_t i = 0; i < PROBLEMS; i++)
        if (problems[i].code == code && *problems[i].advice)
            write_advice(&problems[i], out);
    buf_add_lit(out, "</body></html>\n");
}
