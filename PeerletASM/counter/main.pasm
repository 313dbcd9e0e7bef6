.prost 1
; Counts on each node and keeps the count in the node's store. A request adds the number in its
; payload (u64; nothing adds 1, 0 only reads) and is answered with the new total (u64).
.name "counter"
.version "1.0.0"
.type end-node
.store overlay
; Each node counts for itself: nobody stands in for the root of a request.
.replicas 1
.limit fuel_per_upcall 20_000
.limit memory_pages 16
.limit store_bytes 4096

include "std.inc"
import kbr.reply, st.get, st.put

struct Total { value: u64 }

data key: "total"
bss total: Total
bss reader: Reader
inbox 448 + 64

;;; Reads the stored total, 0 if there is none; negative on an error.
proc load_total() -> 1
  total.value = 0
  let length = st.get(span(key), 0, span(total), 0)
  if length == E_NOENT then return OK end
  if length < 0 then return length end
  return length == sizeof(Total) ? OK : E_FAULT
end

;;; Adds to the total and stores it; negative on an error.
proc add_to_total(amount) -> 1
  try(load_total())
  if amount == 0 then return OK end
  if total.value + amount <u amount then return E_TOOBIG end
  total.value += amount
  try(st.put(span(key), span(total), TTL_NEVER, 0, 0))
  return OK
end

proc count(ev: Event)
  if !(ev.flags & F_REQ) then return end
  let amount = 1
  if ev.len != 0
    reader_open(reader, ev.payload, ev.len)
    amount = get_u64(reader)
    if !reader_done(reader)
      kbr.reply(ev.reply, E_ARG, 0, 0, 0)
      return
    end
  end
  let status = add_to_total(amount)
  if status < 0
    kbr.reply(ev.reply, status, 0, 0, 0)
  else
    kbr.reply(ev.reply, OK, span(total), 0)
  end
end

upcall client(ev: Event)
  count(ev)
end

upcall deliver(ev: Event)
  count(ev)
end
