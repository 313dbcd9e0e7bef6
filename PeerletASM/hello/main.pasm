.prost 1
; Answers every request with a greeting: what a client sends, or "world", is greeted.
.name "hello"
.version "1.0.0"
.type end-node
.limit fuel_per_upcall 20_000
.limit memory_pages 16

include "std.inc"
import kbr.reply

const NAME_MAX = 256

bss answer[NAME_MAX + 16]
bss writer: Writer
inbox 448 + NAME_MAX

proc greet(ev: Event)
  if !(ev.flags & F_REQ) then return end
  writer_open(writer, span(answer))
  put_bytes(writer, span("hello, "))
  if ev.len == 0
    put_bytes(writer, span("world"))
  else
    put_bytes(writer, ev.payload, ev.len)
  end
  put_u8(writer, '!')
  let length = writer_length(writer)
  if length < 0
    kbr.reply(ev.reply, length, 0, 0, 0)
  else
    kbr.reply(ev.reply, OK, answer, length, 0)
  end
end

upcall client(ev: Event)
  greet(ev)
end

upcall deliver(ev: Event)
  greet(ev)
end
