-- What the load scripts for wrk share.

local BODIES = 64

local common = {}

-- What follows the path of a request: the rest of its head and, with a body, one of many: JSON
-- of about 300 bytes.
function common.tails(with_body, authorization)
    local head = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " .. authorization .. "\r\n"
    if not with_body then
        return { head .. "\r\n" }
    end
    local tails = {}
    for i = 1, BODIES do
        local text = string.rep(string.char(96 + i % 26 + 1), 300 - 25)
        local body = string.format(
            "Data=%%7B%%22n%%22%%3A%%22%07d%%22%%2C%%22text%%22%%3A%%22%s%%22%%7D", i, text)
        tails[i] = head .. "Content-Type: application/x-www-form-urlencoded\r\n" ..
            "Content-Length: " .. #body .. "\r\n\r\n" .. body
    end
    return tails
end

-- The last line printed is `result` and the figures of the run as JSON, times in µs.
function common.report(summary, latency)
    local errors = summary.errors
    print(string.format(
        'result {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
        '"refused": %d, "broken": %d}',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

return common
