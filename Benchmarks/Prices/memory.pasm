; Access to a memory of `size` bytes, a power of two, and nothing else (-D size=524288): one export each, n rounds.
.prost 1
.name "memory"
.limit memory_pages size >> 12

bss area at 0: bytes[size]

; Loads whose addresses are what the last load gave, sixteen a round.
export proc chase(n) -> 1
  let i = 0
  let x = 0
link:
  let y = (x * 0x5851F42D4C957F2D + 0x14057B7EF767814F) & ((size >> 3) - 1)
  store64(x << 3, y << 3)
  x = y
  i += 1
  ((size >> 3) - i)  br_if link
  let p = 0
step:
  p = load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(load64(p))))))))))))))))
  n -= 1
  (n)  br_if step
  return p
end

; Loads at computed places.
export proc loads(n) -> 1
  let p = 1
step:
  p = load64((p * 0x5851F42D4C957F2D + 1) & (size - 8)) + p * 5 + 1
  n -= 1
  (n)  br_if step
  return p
end

; Stores at computed places.
export proc stores(n) -> 1
  let p = 1
step:
  p = p * 0x5851F42D4C957F2D + 1
  store64((p >>u 20) & (size - 8), p)
  n -= 1
  (n)  br_if step
  return p
end

; The first store of an activation to each page, which copies it for undo.
export proc first_stores(n) -> 1
  let p = 0
step:
  store8(p & (size - 1), 1)
  p += 4096
  n -= 1
  (n)  br_if step
  return n
end

export proc copies(n) -> 1
step:
  memory.copy(0, size >> 1, size >> 1)
  n -= 1
  (n)  br_if step
  return n
end
