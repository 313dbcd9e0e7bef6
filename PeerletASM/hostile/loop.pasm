.prost 1
; An endless loop. Stopped by `upcall_fuel`: the upcall ends and is undone; and by `fuel`: between
; upcalls the instance waits for its next tokens.
.name "loop"
.version "1.0.0"
.limit fuel_per_upcall 100_000
.limit fuel_per_second 1_000_000

include "attack.inc"

export client_attack = attack_begin

upcall timer(cookie, id)
  loop
  end
end
