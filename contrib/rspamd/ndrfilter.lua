--[[
Copyright 2026 the ndrfilter authors

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
]]--

--[[
ndrfilter plugin: asks ndrfilter's HTTP door whose a bounce is, and gives its verdict as a symbol.

Only mail that may be a bounce is sent there. What cannot be answered in time is NDR_FAIL, which scores nothing.
]]--

local N = 'ndrfilter'

if confighelp then
  rspamd_config:add_example(nil, N, 'Tells genuine bounces from backscatter and fakes', [[
ndrfilter {
  servers = "127.0.0.1:11433"; # more hosts after commas
  timeout = 2s;                # for everything, a second host included
  ask = "likely";              # mail that may be a bounce; or "null" (empty sender only), "all"
  check_authed = false;        # mail of users who logged in
  https = false;
  ssl_verify = true;
}
]])
  return
end

local rspamd_http = require 'rspamd_http'
local rspamd_logger = require 'rspamd_logger'
local rspamd_regexp = require 'rspamd_regexp'
local rspamd_util = require 'rspamd_util'
local upstream_list = require 'rspamd_upstream_list'
local lua_util = require 'lua_util'
local ts = require('tableshape').types
local ucl = require 'ucl'

local PORT = 11433
local MAX_REPLY = 4 * 1024 * 1024
local MAX_RULES = 10
local MAX_OPTION = 200 -- characters
local MIN_TRY = 0.05 -- seconds; with less left no other host is asked
local FAIL = 'NDR_FAIL'

local SYMBOLS = {
  backscatter = { 'NDR_BACKSCATTER', 8.0, 'Bounce of a message that somebody else sent in our name' },
  fake = { 'NDR_FAKE', 8.0, 'Dressed as a bounce, written by no mail server' },
  genuine = { 'NDR_GENUINE', -4.0, 'Bounce of a message that we sent' },
  undetermined = { 'NDR_UNDETERMINED', 0.0, 'Bounce of which nobody can tell whose it is' },
}

local settings = {
  servers = '127.0.0.1:11433',
  timeout = 2.0,
  ask = 'likely',
  check_authed = false,
  https = false,
  ssl_verify = true,
}

local schema = ts.shape({
  enabled = ts.boolean:is_optional(),
  servers = ts.string + ts.array_of(ts.string),
  timeout = (ts.number + ts.string / lua_util.parse_time_interval):is_optional(),
  ask = ts.one_of({ 'likely', 'null', 'all' }),
  check_authed = ts.boolean,
  https = ts.boolean,
  ssl_verify = ts.boolean,
})

-- A hint is enough: ndrfilter looks closely, and says nothing of what is no bounce.
local DAEMON = rspamd_regexp.create(
    '/^(mailer-?daemon|mail-?daemon|postmaster|mdaemon|double-bounce|bounces?|mail\\.?delivery.*)$/i')
local WORDS = rspamd_regexp.create('/undeliver|deliver\\w* (status|fail|problem|error|delay|incomplete|notif)' ..
    '|(fail|return|reject|bounc|undelivered)\\w*[ :-]+\\w*[ :-]*(mail|message|deliver|notice)' ..
    '|mail(er)?[ -](delivery|daemon|system)|transaction failed|could not be (delivered|sent)' ..
    '|unzustellbar|nicht zugestellt|zustell|onbestelbaar|niet bezorgd|échec|echec|non[- ]?(remis|recapit|consegn)' ..
    '|no se (pudo|ha podido|puede)( ser)? entregar|no entregad|devuelt|mancata consegna|impossibile recapitare' ..
    '|não (foi possível )?entreg|devolvid|niedostarcz|niedoręcz|nedoru[čc]|teslim edilem|kézbesíthet' ..
    '|kan inte lever|配信|返送|不達|недостав|не (удалось )?достав|退信|无法|未送达|반송/iu')
local RETURNED = {
  ['message/delivery-status'] = true,
  ['message/global-delivery-status'] = true,
  ['message/disposition-notification'] = true,
  ['message/feedback-report'] = true,
  ['text/rfc822-headers'] = true,
}

local upstreams

-- What a peer or a message said, fit for a header field or an option.
local function plain(text, longest)
  local clean = tostring(text):gsub('[^\32-\126]', '?')
  return #clean > longest and clean:sub(1, longest - 3) .. '...' or clean
end

local function has_null_sender(task)
  local from = task:get_from('smtp')
  return from ~= nil and from[1] ~= nil and (from[1].addr or '') == ''
end

local function says_so_itself(task)
  local auto = task:get_header('Auto-Submitted')
  if auto and not auto:lower():match('^%s*no%s*$') or task:has_header('X-Failed-Recipients') then
    return true
  end
  for _, part in ipairs(task:get_parts() or {}) do
    local kind, subkind = part:get_type()
    if kind == 'multipart' and subkind == 'report' or RETURNED[(kind or '') .. '/' .. (subkind or '')] then
      return true
    end
  end
  return false
end

local function is_of_a_daemon(task)
  for _, where in ipairs({ 'smtp', 'mime' }) do
    local from = (task:get_from(where) or {})[1]
    if from and (DAEMON:match(from.user or '') or WORDS:match(from.name or '')) then
      return true
    end
  end
  return WORDS:match(task:get_header('Subject') or '')
end

local function is_asked_for(task)
  if (task:get_user() or '') ~= '' and not settings.check_authed then
    return false
  end
  if settings.ask == 'all' or has_null_sender(task) then
    return true
  end
  return settings.ask == 'likely' and (says_so_itself(task) or is_of_a_daemon(task))
end

local function address(one)
  return '<' .. plain(one.addr or '', 1000) .. '>'
end

local function headers_of(task)
  local headers = {}
  local function tell(name, value)
    if value and value ~= '' then
      headers[name] = plain(value, 1000)
    end
  end
  local from = task:get_from('smtp')
  if from and from[1] then
    headers['From'] = address(from[1])
  end
  local recipients = {}
  for _, one in ipairs(task:get_recipients('smtp') or {}) do
    table.insert(recipients, address(one))
  end
  if #recipients > 0 then
    headers['Rcpt'] = recipients
  end
  local ip = task:get_ip()
  tell('IP', ip and ip:is_valid() and ip:to_string())
  tell('Helo', task:get_helo())
  tell('Hostname', task:get_hostname())
  tell('Queue-Id', task:get_queue_id())
  tell('User', task:get_user())
  return headers
end

-- The verdict's symbol with our rules, the weightiest first; nil and why if the reply is none.
local function read(body)
  local parser = ucl.parser()
  local parsed = body and parser:parse_text(body)
  local reply = parsed and parser:get_object()
  if type(reply) ~= 'table' or reply.v ~= 1 or type(reply.verdict) ~= 'string' then
    return nil, nil, 'no reply of ndrfilter'
  end
  if reply.unjudged == 'internal' then
    return nil, nil, 'ndrfilter failed'
  end
  local symbol = reply.unjudged ~= 'opt-out' and SYMBOLS[reply.verdict]
  local options = {}
  for _, hit in ipairs(type(reply.hits) == 'table' and reply.hits or {}) do
    local told = type(hit) == 'table' and type(hit.name) == 'string' and type(hit.text) == 'string'
    if told and not hit.shadow and #options < MAX_RULES then
      table.insert(options, plain(hit.name .. ': ' .. hit.text, MAX_OPTION))
    end
  end
  return symbol and symbol[1] or '', options
end

local function url_of(upstream)
  local host = upstream:get_addr():to_string(true)
  local name, port = upstream:get_name():match('^([%w.-]+):?(%d*)$')
  if settings.https and name and name:match('%a') then
    host = string.format('%s:%s', name, port ~= '' and port or PORT) -- certificates are for names
  end
  return string.format('%s://%s/check', settings.https and 'https' or 'http', host)
end

local function check(task)
  if not is_asked_for(task) then
    return
  end
  local headers, content = headers_of(task), task:get_content()
  local tries, finish = #upstreams:all_upstreams(), rspamd_util.get_ticks() + settings.timeout
  local ask

  local function failed(upstream, why)
    upstream:fail()
    tries = tries - 1
    rspamd_logger.warnx(task, '%s: %s: %s', N, upstream:get_name(), why)
    if tries < 1 or finish - rspamd_util.get_ticks() < MIN_TRY or not ask() then
      task:insert_result(FAIL, 1.0, plain(why, MAX_OPTION))
    end
  end

  ask = function()
    local upstream = upstreams:get_upstream_round_robin()
    if not upstream then
      return false
    end
    local function answered(err, code, body)
      if err or code ~= 200 then
        return failed(upstream, err or string.format('HTTP %s', code))
      end
      local symbol, options, why = read(body)
      if not symbol then
        return failed(upstream, why)
      end
      upstream:ok()
      if symbol ~= '' then
        task:insert_result(symbol, 1.0, options)
      end
    end
    return rspamd_http.request({
      task = task,
      url = url_of(upstream),
      method = 'POST',
      headers = headers,
      body = content,
      mime_type = 'message/rfc822',
      opaque_body = true,
      max_size = MAX_REPLY,
      timeout = finish - rspamd_util.get_ticks(),
      no_ssl_verify = not settings.ssl_verify,
      callback = answered,
    })
  end

  if not ask() then
    task:insert_result(FAIL, 1.0, 'cannot ask')
  end
end

local function refuse(why, ...)
  rspamd_logger.errx(rspamd_config, N .. ': ' .. why .. '; the module is off', ...)
  lua_util.disable_module(N, 'config')
end

local function configure()
  local opts = rspamd_config:get_all_opt(N)
  if type(opts) ~= 'table' then
    lua_util.disable_module(N, 'config')
    return
  end
  settings = lua_util.override_defaults(settings, opts)
  local checked, why = schema:transform(settings)
  if not checked then
    return refuse('%s', why)
  end
  settings = checked
  if type(settings.timeout) ~= 'number' or settings.timeout <= 0 then
    return refuse('timeout must be more than nothing, for example 2s')
  end
  upstreams = upstream_list.create(rspamd_config, settings.servers, PORT)
  if not upstreams then
    return refuse('servers: %s has no host and port, for example 127.0.0.1:%s', settings.servers, PORT)
  end
  local id = rspamd_config:register_symbol({
    name = 'NDR_CHECK',
    type = 'callback',
    callback = check,
    group = N,
    augmentations = { string.format('timeout=%f', settings.timeout) },
  })
  local function add(name, score, description)
    rspamd_config:register_symbol({ name = name, type = 'virtual', parent = id, group = N })
    rspamd_config:set_metric_symbol({ name = name, score = score, description = description, group = N })
  end
  for _, one in pairs(SYMBOLS) do
    add(one[1], one[2], one[3])
  end
  add(FAIL, 0.0, 'ndrfilter did not answer; nobody judged the bounce')
end

configure()
