; Fills and copies 64 KiB by words and hashes them by bytes (FNV-1a).
.prost 1
.name "memcopy"

bss source[65536]
bss target[65536]

export proc run(n) -> 1
  let h = 0xCBF29CE484222325
  let i
round:
  i = 0
fill:
  store64(i, (i + n) * 0x9E3779B97F4A7C15, source)
  i += 8
  (i < 65536)  br_if fill
  i = 0
copy:
  store64(i, load64(i, source), target)
  i += 8
  (i < 65536)  br_if copy
  i = 0
hash:
  h = (h ^ load8_u(i, target)) * 0x100000001B3
  i += 1
  (i < 65536)  br_if hash
  n -= 1
  (n)  br_if round
  return h
end
