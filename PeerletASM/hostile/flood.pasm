.prost 1
; A message flooder: sends to random keys, again and again, as long as it is let. Stopped by
; `sends` in one upcall and by `messages` over time: the call that sends is refused.
.name "flood"
.version "1.0.0"
.limit fuel_per_upcall 1_000_000
.limit fuel_per_second 2_000_000
.limit messages_per_second 50

include "attack.inc"
import env.stat, kbr.route, cr.random

bss key: ID

export client_attack = attack_begin

upcall timer(cookie, id)
  loop
    cr.random(key, sizeof(ID))
    if kbr.route(key, 0, 0, key, sizeof(ID), HOP_NONE) == E_RATE
      env.stat(span("refused"), 1)
      return 0
    end
  end
end
