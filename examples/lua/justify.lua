-- SPDX-License-Identifier: BSD-2-Clause
-- justify: sets the paragraphs of standard input in lines of a given width.
--
--   lua justify.lua [WIDTH]

local width = math.tointeger(arg[1] or 48) or error("WIDTH is no number", 0)

local function spread(words, length)
  local gaps = #words - 1
  if gaps == 0 then
    return words[1]
  end
  local spaces, line = width - length, words[1]
  for i = 2, #words do
    local share = spaces * (i - 1) // gaps - spaces * (i - 2) // gaps
    line = line .. (" "):rep(share) .. words[i]
  end
  return line
end

local function set(paragraph)
  local words, length = {}, 0
  for word in paragraph:gmatch("%S+") do
    local size = utf8.len(word) or #word
    if size > width then
      error(string.format("%q does not fit in %d columns", word, width), 0)
    end
    if length + #words + size > width then
      print(spread(words, length))
      words, length = {}, 0
    end
    words[#words + 1], length = word, length + size
  end
  print(table.concat(words, " "))
end

local text = io.read("a")
local first = true
for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n+") do
  if paragraph:find("%S") then
    if not first then
      print()
    end
    set(paragraph)
    first = false
  end
end
