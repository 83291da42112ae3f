-- SPDX-License-Identifier: BSD-2-Clause
-- bench: small computations that lean on different parts of an interpreter.
--
--   lua bench.lua                 runs all of them at a small size
--   lua bench.lua NAME SIZE       runs one
--
-- Results go to standard output and are the same everywhere; seconds go to standard error.

local benches = {}

-- Floating point in tight loops: bodies that pull at each other.
function benches.bodies(steps)
  local bodies = {
    { x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, mass = 40 },
    { x = 5, y = 0.3, z = -0.1, vx = 0.2, vy = 2.7, vz = 0.01, mass = 0.04 },
    { x = -8.5, y = 4, z = 0.4, vx = -1, vy = -1.7, vz = 0.02, mass = 0.01 },
    { x = 12.5, y = -15, z = -0.2, vx = 1.1, vy = 0.9, vz = -0.01, mass = 0.002 },
  }
  local dt = 0.004
  for _ = 1, steps do
    for i, a in ipairs(bodies) do
      for j = i + 1, #bodies do
        local b = bodies[j]
        local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        local square = dx * dx + dy * dy + dz * dz
        local pull = dt / (square * math.sqrt(square))
        a.vx, a.vy, a.vz = a.vx - dx * b.mass * pull, a.vy - dy * b.mass * pull, a.vz - dz * b.mass * pull
        b.vx, b.vy, b.vz = b.vx + dx * a.mass * pull, b.vy + dy * a.mass * pull, b.vz + dz * a.mass * pull
      end
    end
    for _, a in ipairs(bodies) do
      a.x, a.y, a.z = a.x + dt * a.vx, a.y + dt * a.vy, a.z + dt * a.vz
    end
  end
  local energy = 0
  for _, a in ipairs(bodies) do
    energy = energy + a.mass * (a.vx ^ 2 + a.vy ^ 2 + a.vz ^ 2) / 2
  end
  return string.format("kinetic energy %.9f", energy)
end

-- Integers and a large array.
function benches.sieve(limit)
  local composite, count, last = {}, 0, 0
  for i = 2, limit do
    if not composite[i] then
      count, last = count + 1, i
      for j = i * i, limit, i do
        composite[j] = true
      end
    end
  end
  return string.format("%d primes, the last is %d", count, last)
end

-- The allocator and the collector: trees made, counted and dropped.
function benches.trees(depth)
  local function make(levels)
    if levels == 0 then
      return {}
    end
    return { make(levels - 1), make(levels - 1) }
  end
  local function count(tree)
    return tree[1] and 1 + count(tree[1]) + count(tree[2]) or 1
  end
  local nodes = 0
  for levels = 2, depth do
    for _ = 1, 1 << (depth - levels) do
      nodes = nodes + count(make(levels))
    end
  end
  collectgarbage()
  return string.format("%d nodes", nodes)
end

-- Strings: built, hashed, searched, replaced.
function benches.strings(rounds)
  local seen, text = {}, "sator arepo tenet opera rotas"
  local distinct = 0
  for i = 1, rounds do
    text = text:gsub("%a+", function(word)
      return word:sub(2) .. word:sub(1, 1)
    end)
    local key = text:sub(1, 11) .. i % 97
    if not seen[key] then
      seen[key], distinct = true, distinct + 1
    end
  end
  return string.format("%d distinct of %d, at last %q", distinct, rounds, text)
end

-- Coroutines: queens, each solution handed out as it is found.
function benches.queens(size)
  local function place(row, columns)
    if row > size then
      coroutine.yield(table.concat(columns, " "))
      return
    end
    for column = 1, size do
      local free = true
      for other = 1, row - 1 do
        local distance = math.abs(columns[other] - column)
        if distance == 0 or distance == row - other then
          free = false
          break
        end
      end
      if free then
        columns[row] = column
        place(row + 1, columns)
        columns[row] = nil
      end
    end
  end
  local solutions, first = 0, nil
  for solution in coroutine.wrap(function() place(1, {}) end) do
    solutions, first = solutions + 1, first or solution
  end
  return string.format("%d solutions, the first is %s", solutions, first)
end

local function run(name, size)
  local start = os.clock()
  print(name .. " " .. size .. ": " .. benches[name](size))
  io.stderr:write(string.format("%s: %.3f s\n", name, os.clock() - start))
end

if arg[1] then
  if not benches[arg[1]] or not math.tointeger(arg[2]) then
    io.stderr:write("usage: lua bench.lua [bodies|sieve|trees|strings|queens SIZE]\n")
    os.exit(2)
  end
  run(arg[1], math.tointeger(arg[2]))
else
  run("bodies", 2000)
  run("sieve", 50000)
  run("trees", 9)
  run("strings", 5000)
  run("queens", 6)
end
