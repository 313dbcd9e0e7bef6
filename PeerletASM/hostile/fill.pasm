.prost 1
; A store filler: writes row after row under new keys. Stopped by `storage`: the write that would
; exceed it is refused.
.name "fill"
.version "1.0.0"
.store overlay
.limit fuel_per_upcall 200_000
.limit fuel_per_second 2_000_000
.limit store_bytes 65_536

include "attack.inc"
import cr.random, env.stat, st.put

bss key: ID
bss rubbish[4096]

export client_attack = attack_begin

upcall timer(cookie, id)
  loop
    cr.random(key, sizeof(ID))
    if st.put(span(key), span(rubbish), TTL_NEVER, 0, 0) == E_QUOTA
      env.stat(span("refused"), 1)
      return 0
    end
  end
end
