-- SPDX-License-Identifier: Apache-2.0
-- The prefix key, for haproxy.cfg: what a conversation begins with, which its later turns repeat. The body is hostile and
-- may be cut off (only a buffer of it is here): it is scanned once from the left, without recursion, and what can't be read
-- gives the body's own beginning. HAProxy's json_query can't do it: it fails on \u escapes, which Chinese text often has.
local MOST = 1024 -- bytes of a text that goes on, or of a body that says nothing else

-- After the string whose opening quote is at i; nil: it is cut off.
local function after_string(s, i)
    while true do
        i = s:find('["\\]', i + 1)
        if not i then return nil end
        if s:byte(i) == 34 then return i + 1 end
        i = i + 1
    end
end

-- After the value at i; nil: it is cut off.
local function after_value(s, i)
    local c, depth = s:sub(i, i), 0
    if c == '"' then return after_string(s, i) end
    if c ~= "{" and c ~= "[" then return s:find("[,%]}%s]", i) end
    while true do
        i = s:find('["%[%]{}]', i)
        if not i then return nil end
        c = s:sub(i, i)
        if c == '"' then
            i = after_string(s, i)
            if not i then return nil end
        else
            depth = depth + ((c == "{" or c == "[") and 1 or -1)
            i = i + 1
            if depth == 0 then return i end
        end
    end
end

-- The members of an object, as text; of one that is cut off what there is.
local function members(s)
    local found, i = {}, s:match("^%s*{()")
    while i do
        local quote = s:match('^[%s,]*()"', i)
        local stop = quote and after_string(s, quote)
        local value = stop and s:match("^%s*:%s*()", stop)
        if not value then break end
        i = after_value(s, value)
        found[s:sub(quote + 1, stop - 2)] = s:sub(value, (i or #s + 1) - 1)
    end
    return found
end

-- At most the first `most` items of an array, as text.
local function items(s, most)
    local found, i = {}, s:match("^%[()")
    while i and #found < most do
        local value = s:match("^[%s,]*()[^%s,%]]", i)
        if not value then break end
        i = after_value(s, value)
        found[#found + 1] = s:sub(value, (i or #s + 1) - 1)
    end
    return found
end

-- A content as text: it may be a list of parts, of which the first stands for all.
local function text(content)
    local part = content and items(content, 1)[1]
    return part and members(part).text or content or ""
end

-- System and developer messages, and the first after them.
local function beginning(list)
    local said = {}
    for _, item in ipairs(items(list, 8)) do
        local message = members(item)
        said[#said + 1] = text(message.content)
        if message.role ~= '"system"' and message.role ~= '"developer"' then break end
    end
    return table.concat(said, " ")
end

local function prefix(body)
    local all = members(body)
    local list = all.messages or all.input
    if all.prompt_cache_key then return all.prompt_cache_key, true end
    if all.prompt then return all.prompt:sub(1, MOST) end
    if not list then return nil end
    return text(all.system or all.instructions) .. " " .. (list:sub(1, 1) == "[" and beginning(list) or list:sub(1, MOST))
end

-- What the client names (the header X-Tael-Session, or prompt_cache_key) goes first, and is another one under another key.
core.register_fetches("prefix_key", function(txn)
    local named, given = txn.sf:req_hdr("X-Tael-Session"), false
    local body = txn.f:req_body() or ""
    if named ~= "" then
        given = true
    else
        local good
        good, named, given = pcall(prefix, body)
        if not good or not named then named, given = body:sub(1, MOST), false end
    end
    if given then named = named .. " " .. txn.sf:req_hdr("Authorization") .. " " .. txn.sf:req_hdr("X-Api-Key") end
    return named
end)
