-- What wrk sends and what it prints: see `bridge`, which sets the environment.
--
--   BODY       body of a POST with one %d where its 10-digit id goes; none: GET
--   HEADERS    more lines of the head, separated by line feeds
--   SESSIONS   session ids, separated by commas; the requests take turns
--   CHECK      anything: look at each answer, which costs wrk much of its speed

local body = os.getenv("BODY")
local check = os.getenv("CHECK")
local path = os.getenv("REQUEST_PATH")

local heads = {}
local tail = ""
local next_id = 1000000000
local waiting = {}

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

local function head(session)
  local method = body and "POST " or "GET "
  local lines = { method .. path .. " HTTP/1.1", "Host: " .. wrk.headers["Host"] }
  if body then
    lines[#lines + 1] = "Content-Type: application/json"
    lines[#lines + 1] = "Accept: application/json, text/event-stream"
    lines[#lines + 1] = "Content-Length: " .. #string.format(body, next_id)
  end
  for line in string.gmatch(os.getenv("HEADERS") or "", "[^\n]+") do
    lines[#lines + 1] = line
  end
  if session then
    lines[#lines + 1] = "Mcp-Session-Id: " .. session
    lines[#lines + 1] = "MCP-Protocol-Version: 2025-11-25"
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

function init()
  local before = ""
  if body then
    local at = string.find(body, "%d", 1, true)
    before, tail = string.sub(body, 1, at - 1), string.sub(body, at + 2)
  end
  for session in string.gmatch(os.getenv("SESSIONS") or "", "[^,]+") do
    heads[#heads + 1] = head(session) .. before
  end
  if #heads == 0 then
    heads[1] = head(nil) .. before
  end
  next_id = next_id + number * 100000000
  wrong = 0
end

function request()
  if not body then
    return heads[1]
  end
  next_id = next_id + 1
  if check then
    waiting[tostring(next_id)] = true
  end
  return heads[next_id % #heads + 1] .. next_id .. tail
end

-- wrk calls this only if it exists, and is much slower then.
if check then
  function response(status, _, answer)
    local id = string.match(answer, '"id":(%d+)')
    if status ~= 200 or not (id and waiting[id] and string.find(answer, '"result"', 1, true)) then
      wrong = wrong + 1
    else
      waiting[id] = nil
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local wrong_in_all = 0
  for _, thread in ipairs(threads) do
    wrong_in_all = wrong_in_all + thread:get("wrong")
  end
  print(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"wrong":%d,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, summary.bytes, failed, wrong_in_all,
    latency:percentile(50), latency:percentile(99)
  ))
end
