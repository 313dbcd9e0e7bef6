.prost 1
; A recursion without end. Stopped by `call_depth`: the upcall traps and is undone.
.name "recurse"
.version "1.0.0"
.limit fuel_per_upcall 200_000

include "attack.inc"

proc deeper(n) -> 1
  return deeper(n + 1) + 1
end

export client_attack = attack_begin

upcall timer(cookie, id)
  deeper(0)
end
