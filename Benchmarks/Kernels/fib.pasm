; Naive Fibonacci numbers: calls.
.prost 1
.name "fib"

proc fib(n) -> 1
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

export proc run(n) -> 1
  return fib(n)
end
