-- Load for wrk: put random keys by etcd's JSON gateway.
--
--   wrk ... -s etcd.lua URL -- KEYS VALUE-BASE64
--
-- Prints `result` as documents.lua does.

local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

function init(args)
    math.randomseed(seed)
    keys = tonumber(args[1])
    value = args[2]
end

-- Four letters of base64 stand for the number; which key that is does not matter.
local function key(number)
    local text = ""
    for _ = 1, 4 do
        local digit = number % 64
        text = text .. LETTERS:sub(digit + 1, digit + 1)
        number = math.floor(number / 64)
    end
    return text
end

function request()
    local body = '{"key": "' .. key(math.random(0, keys - 1)) .. '", "value": "' .. value .. '"}'
    return wrk.format("POST", "/v3/kv/put", { ["Content-Type"] = "application/json" }, body)
end

function done(summary, latency)
    common.report(summary, latency)
end
