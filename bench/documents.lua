-- Load for wrk: GET or replace random documents.
--
--   wrk ... -s documents.lua URL -- GET|POST SIDS AUTHORIZATION
--
-- SIDS is a file of sids, one a line, as bench/load writes it. The last line
-- printed is `result` and the figures of the run as JSON, times in µs.

local LINE_SIZE = 35
local PATH = "/v1/Services/default/Documents/"
local BODIES = 64

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

local function read_all(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

-- What follows the sid: the rest of the head, and for POST one of many bodies.
local function make_tails(method, authorization)
    local head = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " .. authorization .. "\r\n"
    if method == "GET" then
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

function init(args)
    math.randomseed(seed)
    start = args[1] .. " " .. PATH
    sids = read_all(args[2])
    count = math.floor(#sids / LINE_SIZE)
    tails = make_tails(args[1], args[3])
end

function request()
    local at = math.random(0, count - 1) * LINE_SIZE
    return start .. sids:sub(at + 1, at + LINE_SIZE - 1) .. tails[math.random(1, #tails)]
end

function done(summary, latency, requests)
    local errors = summary.errors
    print(string.format(
        'result {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
        '"refused": %d, "broken": %d}',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
