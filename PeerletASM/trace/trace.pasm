.prost 1
; A probe that writes down its way: `forward` runs at the source, at every hop (whose node fetches the
; code for it if need be) and at the root, and adds one Hop to the message.
;
; Method probe: routes to the root of the key; answer: the hops, the source first, the root last.
; The payload of the call is ignored. A hop whose owner does not run this peerlet, or that has no
; time or fuel left for it, is passed by: its number is missing.
.name "trace"
.version "1.0.0"
.type per-hop
.limit fuel_per_upcall 20_000
.limit fuel_per_second 500_000
.limit memory_pages 4
.limit messages_per_second 200

include "std.inc"
import env.stat, kbr.msg_set, kbr.reply, kbr.request, kbr.self

const PROBE_MS = 10_000
const HOPS_MAX = 64
const PROBES = 32

struct Hop { node: Node, number: u32, flags: u32 }

; Clients that wait, found by the token of their probe.
struct Probe { token: u64, reply: bytes[80] }
bss probes: Probe[PROBES]

bss path: Hop[HOPS_MAX]
inbox sizeof(Event) + HOPS_MAX * sizeof(Hop)

export proc client_probe(ev: Event) -> 1
  let probe: Probe = probe_of(0)
  if probe == 0
    kbr.reply(ev.reply, E_RATE, 0, 0, 0)
    return 0
  end
  let token = kbr.request(0, ev.key, 0, 0, 0, 0, PROBE_MS, HOP_DEMAND)
  if token < 0
    kbr.reply(ev.reply, token, 0, 0, 0)
    return 0
  end
  probe.token = token
  mem_copy(probe.reply, ev.reply, HANDLE_SIZE)
  return 0
end

;;; The probe with this token, an unused one for 0; 0 if there is none.
proc probe_of(token) -> 1
  for i in 0..PROBES
    let probe: Probe = probes[i]
    if probe.token == token then return probe end
  end
  return 0
end

upcall forward(ev: Event)
  if ev.len > (HOPS_MAX - 1) * sizeof(Hop) || ev.len % sizeof(Hop) != 0
    return FORWARD_CONTINUE
  end
  env.stat(span("hops"), 1)
  let hop: Hop = path + ev.len
  mem_copy(path, ev.payload, ev.len)
  kbr.self(hop.node)
  hop.number = ev.hops
  hop.flags = ev.flags
  kbr.msg_set(SET_PAYLOAD, path, ev.len + sizeof(Hop))
  return FORWARD_CONTINUE
end

upcall deliver(ev: Event)
  if ev.flags & F_REQ then kbr.reply(ev.reply, OK, ev.payload, ev.len, 0) end
end

upcall reply(ev: Event)
  let probe: Probe = probe_of(ev.token)
  if probe == 0 then return 0 end
  probe.token = 0
  kbr.reply(probe.reply, ev.status, ev.payload, ev.len, 0)
end
