.prost 1
; A distributed hash table: put, get and remove, each key on three nodes.
;
; Three parts of one program, each node plays them all:
;   gateway  takes a client's request, routes it to the root of the key, repeats it if need be;
;   root     the first member of the key's configuration: orders the writes of a key, copies each
;            to the other members and answers when a majority, itself included, has it on disk;
;   member   stores what the root of the key's configuration sends.
;
; Method (client_NAME)   payload    answer
; put                    value      OK, version (u64)
; get                               OK, value; or NOENT
; remove                            OK, version (u64); or NOENT
; A value has at most 60 KiB (else TOOBIG). UNSURE, TIMEOUT, RATE: whether it was done is not known
; or it was not done now; asking again is safe, for a client as for the gateway.
;
; On the wire: PUT, GET and REMOVE are routed to the root as request id (16) ‖ value; STORE goes from
; root to member as the row's META (64) ‖ row, CONFIRM as nothing. Rows: row.inc.
;
; What the host does for us (abi.md 3.1, 6.4): effects leave only when the upcall's own writes are
; durable, so an answer of a member, or of a root alone in its configuration, is a promise kept on
; disk; messages between members carry the epoch of the key's configuration and are refused in
; any other; new members get the rows before they count.
.name "dht"
.version "1.0.0"
.type end-node
.store consistent
.limit fuel_per_upcall 1_500_000
.limit fuel_per_second 2_000_000
.limit memory_pages 64
.limit store_bytes 32 << 20
.limit messages_per_second 1000
.limit mailbox 256

include "std.inc"
include "row.inc"
include "gateway.inc"
include "root.inc"
include "member.inc"

import cr.random, env.stat, kbr.is_root, kbr.lease, kbr.replica_set, kbr.reply, kbr.request
import st.get, st.put, time.now, time.timer

enum { T_PUT = 1, T_GET, T_REMOVE, T_STORE, T_CONFIRM }

inbox sizeof(Event) + PAYLOAD_MAX

; Twice a second what has waited for too long is ended: an answer may come to nothing here for lack of
; fuel, and nothing may be held for ever.
const SWEEP_MS = 500
const SWEEP = -1

upcall init(reason)
  blocks_open()
  return time.timer(SWEEP_MS, SWEEP_MS, SWEEP) > 0 ? OK : E_QUOTA
end

export proc client_put(ev: Event) -> 1
  operation_begin(ev, T_PUT)
  return 0
end

export proc client_get(ev: Event) -> 1
  operation_begin(ev, T_GET)
  return 0
end

export proc client_remove(ev: Event) -> 1
  operation_begin(ev, T_REMOVE)
  return 0
end

upcall deliver(ev: Event)
  if !(ev.flags & F_REQ) then return 0 end
  switch ev.type
    case T_PUT
      serve_write(ev, ROW_VALUE)
    case T_REMOVE
      serve_write(ev, ROW_TOMBSTONE)
    case T_GET
      serve_get(ev)
    case T_STORE
      serve_store(ev)
    case T_CONFIRM
      serve_confirm(ev)
    default
      answer_error(ev.reply, E_NOSYS)
  end
end

upcall reply(ev: Event)
  if ev.type == T_STORE || ev.type == T_CONFIRM
    round_answered(ev)
  else
    operation_answered(ev)
  end
end

upcall timer(cookie, id)
  if cookie == SWEEP
    let now = time.now(MONOTONIC)
    operations_sweep(now)
    rounds_sweep(now)
  else
    operation_repeat(cookie)
  end
end

proc answer_error(handle, status)
  kbr.reply(handle, status, 0, 0, 0)
end
