; Calls of a tiny function.
.prost 1
.name "guestcall"

proc successor(x) -> 1
  return x + 1
end

export proc run(n) -> 1
  let x = 0
step:
  x = successor(x)
  n -= 1
  (n)  br_if step
  return x
end
