; A hash map with open addressing, 2^18 slots of key and count: dependent loads, branches.
.prost 1
.name "hashmap"
.limit memory_pages 1100

bss slots[4_194_304]

proc put(key) -> 1
  let p = (key * 0x9E3779B97F4A7C15 >>u 40 & 0x3FFFF) << 4
  let k = 0
probe:
  k = load64(p, slots)
  (k == key)  br_if found
  if k == 0
    store64(p, key, slots)
    br found
  end
  p = (p + 16) & 0x3FFFFF
  br probe
found:
  let count = load64(p, slots + 8) + 1
  store64(p, count, slots + 8)
  return count
end

export proc run(n) -> 1
  let i = 0
clear:
  store64(i, 0, slots)
  i += 8
  (i <u 4_194_304)  br_if clear
  let x = 88172645463325252
  let sum = 0
step:
  x ^= x << 13
  x ^= x >>u 7
  x ^= x << 17
  sum += put((x & 0x1FFFF) + 1)
  n -= 1
  (n)  br_if step
  return sum
end
