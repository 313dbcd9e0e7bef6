; A state machine of eight cases: br_table.
.prost 1
.name "brtab"

export proc run(n) -> 1
  let s = 12345
  let a = 0
  let b = 1
step:
  s = add32(mul32(s, 1103515245), 12345)
  switch (s >>u 16) & 7
    case 0
      a += b
    case 1
      a -= 3
    case 2
      b = a ^ b
    case 3
      b += 7
    case 4
      a *= 5
    case 5
      a = rotl(a, 9)
    case 6
      if a >u b then a -= b end
    default
      b = b >>u 1
  end
  n -= 1
  (n)  br_if step
  return a ^ b
end
