-- Load for wrk: the items of one list or map.
--
--   wrk ... -s items.lua URL -- push|set|get|page PATH COUNT AUTHORIZATION
--
-- PATH is that of the items; there are COUNT, and a map's are called k0, k1, ... `set` and `get`
-- take any of them, `page` is 50 from any of them on.

local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

function init(args)
    local what, path = args[1], args[2]
    local writes = what == "push" or what == "set"
    local key = path:match("/Maps/") and "k" or ""
    local between = { push = "", set = "/" .. key, get = "/" .. key, page = "?From=" .. key }
    math.randomseed(seed)
    start = (writes and "POST " or "GET ") .. path .. between[what]
    names_one = what ~= "push"
    count = tonumber(args[3])
    tails = common.tails(writes, args[4])
    if what == "page" then
        tails[1] = "&PageSize=50" .. tails[1]
    end
end

function request()
    local one = names_one and string.format("%d", math.random(0, count - 1)) or ""
    return start .. one .. tails[math.random(1, #tails)]
end

function done(summary, latency)
    common.report(summary, latency)
end
