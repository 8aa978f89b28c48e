-- Load for wrk: GET or replace random documents.
--
--   wrk ... -s documents.lua URL -- GET|POST SIDS AUTHORIZATION [DEPTH]
--
-- SIDS is a file of sids, one a line, as bench/load writes it. DEPTH requests are sent in one packet.

local common = dofile(debug.getinfo(1, "S").source:match("@(.*/)") .. "common.lua")

local LINE_SIZE = 35
local PATH = "/v1/Services/default/Documents/"

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

function init(args)
    math.randomseed(seed)
    start = args[1] .. " " .. PATH
    sids = read_all(args[2])
    count = math.floor(#sids / LINE_SIZE)
    tails = common.tails(args[1] == "POST", args[3])
    depth = tonumber(args[4] or 1)
end

local function one()
    local at = math.random(0, count - 1) * LINE_SIZE
    return start .. sids:sub(at + 1, at + LINE_SIZE - 1) .. tails[math.random(1, #tails)]
end

function request()
    local all = {}
    for i = 1, depth do
        all[i] = one()
    end
    return table.concat(all)
end

function done(summary, latency)
    common.report(summary, latency)
end
