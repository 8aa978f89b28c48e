-- Load for wrk: the items of one list or map.
--
--   wrk ... -s items.lua URL -- push|set|get|page PATH COUNT AUTHORIZATION
--
-- PATH is that of the items; there are COUNT, and a map's are called k0, k1, ... `set` and `get`
-- take any of them, `page` is 50 from one of them on that has so many behind it.

local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

local function any()
    return string.format("%d", math.random(0, count - 1))
end

-- What begins with 0..4 is in the first half of a hundred, a thousand, ..., by number or by key.
local function any_of_first_half()
    local one = any()
    while one:byte() > ("4"):byte() do
        one = any()
    end
    return one
end

function init(args)
    local what, path = args[1], args[2]
    local writes = what == "push" or what == "set"
    local key = path:match("/Maps/") and "k" or ""
    local between = { push = "", set = "/" .. key, get = "/" .. key, page = "?From=" .. key }
    math.randomseed(seed)
    start = (writes and "POST " or "GET ") .. path .. between[what]
    choose = what == "push" and function() return "" end
        or what == "page" and any_of_first_half or any
    count = tonumber(args[3])
    tails = common.tails(writes, args[4])
    if what == "page" then
        tails[1] = "&PageSize=50" .. tails[1]
    end
end

function request()
    return start .. choose() .. tails[math.random(1, #tails)]
end

function done(summary, latency)
    common.report(summary, latency)
end
