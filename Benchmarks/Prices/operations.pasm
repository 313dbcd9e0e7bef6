; Programs that get much time for their fuel: one export each, n rounds.
.prost 1
.name "prices"
.limit memory_pages 128

import time.now

bss area at 0: bytes[524_288]

proc leaf() -> 0
end

export proc additions(n) -> 1
  let x = 1
step:
  x += n
  n -= 1
  (n)  br_if step
  return x
end

export proc divide(n) -> 1
  let x = -1
step:
  x = (x /u 3) | 0x7000000000000000
  n -= 1
  (n)  br_if step
  return x
end

export proc remainder(n) -> 1
  let x = -1
step:
  x = (x % 12345) | 0x7000000000000000
  n -= 1
  (n)  br_if step
  return x
end

export proc calls(n) -> 1
step:
  leaf()
  n -= 1
  (n)  br_if step
  return n
end

export proc host_calls(n) -> 1
step:
  time.now(0)
  n -= 1
  (n)  br_if step
  return n
end

; A branch that cannot be predicted.
export proc branches(n) -> 1
  let x = 88172645463325252
  let c = 0
step:
  x ^= x << 13
  x ^= x >>u 7
  x ^= x << 17
  if x & 1 then c += 1 end
  n -= 1
  (n)  br_if step
  return c
end

; Stores across the edges of pages.
export proc stores_across(n) -> 1
step:
  store64((n & 63) << 12, n, area + 4092)
  n -= 1
  (n)  br_if step
  return n
end

export proc fills(n) -> 1
step:
  memory.fill(area, n, 65536)
  n -= 1
  (n)  br_if step
  return n
end

export proc small_copies(n) -> 1
step:
  memory.copy(area, area + 64, 1)
  n -= 1
  (n)  br_if step
  return n
end
