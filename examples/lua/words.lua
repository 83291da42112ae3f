-- SPDX-License-Identifier: BSD-2-Clause
-- words: reads a text, prints its most frequent words, writes a concordance.
--
--   lua words.lua TEXT CONCORDANCE

local from, to = arg[1], arg[2]
if not to then
  io.stderr:write("usage: lua words.lua TEXT CONCORDANCE\n")
  os.exit(2)
end

local function collect(path)
  local places, number = {}, 0
  for line in io.lines(path) do
    number = number + 1
    for word in line:lower():gmatch("[%a\128-\255][%a'\128-\255]*") do
      places[word] = places[word] or {}
      table.insert(places[word], number)
    end
  end
  return places, number
end

local function sorted(places, before)
  local words = {}
  for word in pairs(places) do
    words[#words + 1] = word
  end
  table.sort(words, before)
  return words
end

local places, lines = collect(from)

local common = sorted(places, function(a, b)
  if #places[a] ~= #places[b] then
    return #places[a] > #places[b]
  end
  return a < b
end)
print(string.format("%d lines, %d different words", lines, #common))
for rank = 1, math.min(5, #common) do
  print(string.format("%2d. %-10s %3d", rank, common[rank], #places[common[rank]]))
end

local out = assert(io.open(to, "w"))
for _, word in ipairs(sorted(places)) do
  assert(out:write(string.format("%-12s %s\n", word, table.concat(places[word], ", "))))
end
assert(out:close())
print(string.format("%s: %d bytes", to, io.open(to):seek("end")))
