; The longest Collatz sequence below n: branches, arithmetic.
.prost 1
.name "collatz"

export proc run(n) -> 1
  let i = 1
  let x, steps, best, where
outer:
  x = i
  steps = 0
  loop
    if x <=u 1 then break end
    if (x & 1) == 0
      x = x >>u 1
    else
      x = x * 3 + 1
    end
    steps += 1
  end
  if steps >u best
    best = steps
    where = i
  end
  i += 1
  (i <u n)  br_if outer
  return where * 1000 + best
end
