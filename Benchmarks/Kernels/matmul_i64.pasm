; Product of two matrices of 128 x 128 numbers of 64 bits: multiply-add, address arithmetic.
.prost 1
.name "matmul"
.limit memory_pages 128

bss a[131072]
bss b[131072]
bss c[131072]

export proc run(rounds) -> 1
  let i = 0
fill:
  store64(i << 3, (i * 7 + 3) & 15, a)
  store64(i << 3, (i * 5 + 1) & 15, b)
  i += 1
  (i < 16384)  br_if fill
  let j, k, sum, pa, pb, total
round:
  i = 0
row:
  j = 0
column:
  sum = 0
  pa = i << 10
  pb = j << 3
  k = 0
cell:
  sum += load64(pa, a) * load64(pb, b)
  pa += 8
  pb += 1024
  k += 1
  (k < 128)  br_if cell
  store64((i << 10) + (j << 3), sum, c)
  total += sum
  j += 1
  (j < 128)  br_if column
  i += 1
  (i < 128)  br_if row
  rounds -= 1
  (rounds)  br_if round
  return total
end
