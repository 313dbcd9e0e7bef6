; Sieve of Eratosthenes: loads and stores of bytes, tight loops.
.prost 1
.name "sieve"
.limit memory_pages 1300

bss composite[5_000_001]

export proc run(n) -> 1
  let i = 0
clear:
  store8(i, 0, composite)
  i += 1
  (i <u n)  br_if clear
  let count = 0
  let j = 0
  i = 2
outer:
  if load8_u(i, composite) == 0
    count += 1
    j = i + i
    loop
      if j >=u n then break end
      store8(j, 1, composite)
      j += i
    end
  end
  i += 1
  (i <u n)  br_if outer
  return count
end
