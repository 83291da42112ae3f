-- SPDX-License-Identifier: BSD-2-Clause
-- Five programs, each about as long: benchmarks.lua SCALE TIMES [NAME]

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local programs = {}

function programs.calls(scale)
  local total = 0
  for _ = 1, scale do total = total + fib(26) end
  return total
end

function programs.strings(scale)
  local words, seen = {}, {}
  for i = 1, scale * 6000 do
    local word = string.format("%x", i * 2654435761 % 1000003)
    words[#words + 1] = word:rep(2):gsub("a", "-")
    seen[word:sub(1, 3)] = (seen[word:sub(1, 3)] or 0) + 1
  end
  local text, most = table.concat(words, " "), 0
  for _, times in pairs(seen) do most = math.max(most, times) end
  local _, dashes = text:gsub("%-+", "")
  return #text .. "," .. most .. "," .. dashes
end

function programs.sort(scale)
  local numbers, value = {}, 1
  for i = 1, scale * 6000 do
    value = (value * 1103515245 + 12345) % 2147483648
    numbers[i] = value
  end
  table.sort(numbers)
  table.sort(numbers, function(a, b) return a % 1000 < b % 1000 or (a % 1000 == b % 1000 and a < b) end)
  return numbers[1] .. "," .. numbers[#numbers // 2]
end

local function times(size, from, to, element)
  for i = 1, size do
    local total = 0
    for j = 1, size do total = total + element(i, j) * from[j] end
    to[i] = total
  end
end

function programs.spectral(scale)
  local size, u, v, w = 50, {}, {}, {}
  local function across(i, j) return 1 / ((i + j - 2) * (i + j - 1) / 2 + i) end
  local function down(i, j) return across(j, i) end
  for i = 1, size do u[i] = 1 end
  for _ = 1, scale * 20 do
    times(size, u, w, across)
    times(size, w, v, down)
    local length = 0
    for i = 1, size do length = length + v[i] * v[i] end
    for i = 1, size do u[i] = v[i] / math.sqrt(length) end
  end
  return string.format("%.12f", u[1])
end

function programs.queens(scale)
  local found, size = 0, 8
  local columns, up, down = {}, {}, {}
  local function place(row)
    if row > size then found = found + 1 return end
    for column = 1, size do
      if not (columns[column] or up[row + column] or down[row - column]) then
        columns[column], up[row + column], down[row - column] = true, true, true
        place(row + 1)
        columns[column], up[row + column], down[row - column] = nil, nil, nil
      end
    end
  end
  for _ = 1, scale * 10 do place(1) end
  return found
end

local scale, times, only = ...
local results = {}
for _ = 1, times do
  for _, name in ipairs({"calls", "strings", "sort", "spectral", "queens"}) do
    if not only or only == name then
      results[#results + 1] = name .. "=" .. programs[name](tonumber(scale))
    end
  end
end
return table.concat(results, " ")
