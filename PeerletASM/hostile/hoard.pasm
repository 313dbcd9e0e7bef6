.prost 1
; A memory hoarder: takes page after page, writes to each, and gives none back. Stopped by `memory`:
; growing beyond it is refused.
.name "hoard"
.version "1.0.0"
.limit fuel_per_upcall 200_000
.limit memory_pages 32

include "attack.inc"
import env.stat

export client_attack = attack_begin

upcall timer(cookie, id)
  loop
    let pages = memory.grow(1)
    if pages < 0
      env.stat(span("refused"), 1)
      return 0
    end
    store64(pages * 4096, -1)
  end
end
