/// The files of `PeerletASM/lib`, so that `include "abi.inc"` works everywhere; tests compare them.
package enum StandardLibrary {
    package static let names = ["abi.inc", "std.inc"]

    package static func text(of name: String) -> String? {
        switch name {
        case "abi.inc": abi
        case "std.inc": std
        default: nil
        }
    }

    /// The first file with a definition of the name on a line of its own.
    static func file(defining name: String) -> String? {
        let forms = ["struct \(name) {", "const \(name) =", "proc \(name)(", "macro \(name)("]
        return names.first { file in
            let text = text(of: file) ?? ""
            return forms.contains { text.contains("\n" + $0) }
        }
    }

    private static let abi = #"""
        ; Host ABI 1: constants and structs of Spec/abi.md.

        ; ---- Sizes (abi.md, 1.1 and 1.2)
        const ID_SIZE = 32
        const NODE_SIZE = 64
        const HANDLE_SIZE = 80
        const HANDLE_DEADLINE = 56         ; u64, big-endian
        const META_SIZE = 64
        const KEY_MAX = 96
        const VALUE_MAX = 65_536
        const PAYLOAD_MAX = 65_536

        struct ID { bytes: bytes[32] }
        struct Node { id: bytes[32], address: bytes[32] }
        struct Arc { low: bytes[32], high: bytes[32] }

        ; ---- Event block (2)
        struct Event {
          kind: u32
          flags: u32
          token: u64
          type: u16
          hops: u16
          len: u32
          now_ms: u64
          key: bytes[32]
          origin: Node
          prev: Node
          next: Node
          src_app: bytes[32]
          principal: bytes[32]
          reply: bytes[80]
          client: u64
          status: i64
          message: bytes[16]
          timer: u64
          epoch: u64
          payload: bytes[0]
          at 128, old_arc: Arc          ; update, snapshot, restore
          at 192, new_arc: Arc
          at 448
        }
        assert Event.payload == 448 && sizeof(Event) == 448, "the event header has 448 bytes"

        const F_SOURCE = 1 << 0
        const F_ROOT = 1 << 1
        const F_DIRECT = 1 << 2
        const F_REQ = 1 << 3
        const F_REPLY = 1 << 4
        const F_CLIENT = 1 << 5
        const F_FOREIGN = 1 << 6
        const F_UNSURE = 1 << 7
        const F_MORE = 1 << 8
        const F_RESENT = 1 << 9
        const F_OLD_ARC = 1 << 16
        const F_NEW_ARC = 1 << 17

        ; ---- Upcalls (3)
        enum { INIT_FRESH, INIT_RESTORED, INIT_MIGRATED, INIT_UPGRADED }
        enum { FORWARD_CONTINUE, FORWARD_STOP, FORWARD_LAST }
        enum { UPDATE_JOINED, UPDATE_LEFT, UPDATE_WATCH_DEAD, UPDATE_RANGE }
        enum { SNAPSHOT_HANDOFF, SNAPSHOT_CHECKPOINT, SNAPSHOT_MIGRATE }
        enum { STOP_EXIT, STOP_UPGRADE, STOP_SHUTDOWN, STOP_EVICTED }

        ; ---- Errors (5)
        const OK = 0
        const E_ARG = -1
        const E_MEM = -2
        const E_NOENT = -3
        const E_EXISTS = -4
        const E_QUOTA = -5
        const E_RATE = -6
        const E_TOOBIG = -7
        const E_NOROUTE = -8
        const E_DEAD = -9
        const E_TIMEOUT = -10
        const E_UNSURE = -11
        const E_PERM = -12
        const E_GONE = -13
        const E_STALE = -14
        const E_DENIED = -15
        const E_NOSUCHAPP = -16
        const E_BADSIG = -17
        const E_MIGRATED = -18
        const E_FAULT = -19
        const E_NOSYS = -20
        const E_NOBUDGET = -21

        ; ---- kbr (4.1)
        const HOP_NONE = 0
        const HOP_RESIDENT = 1
        const HOP_DEMAND = 2
        const MORE = 0x100
        const TO_HANDLE = 0x200
        const BUDGET_SHIFT = 32         ; budget in units of 1,024 fuel
        enum { NODE_DEAD, NODE_SUSPECTED, NODE_ALIVE }
        enum { SET_KEY = 1, SET_NEXT, SET_PAYLOAD, SET_TYPE }

        ; ---- st (4.2 and 6)
        const PUT_CACHE = 1
        const PUT_IFABSENT = 2
        const PUT_IFVERSION = 4
        const PUT_VERSION = 8
        const TTL_NEVER = 0
        const TTL_FROM_META = -1
        const FORWARDS = 0
        const BACKWARDS = 1

        struct Meta {
          counter: u64
          writer: bytes[32]
          expires_ms: u64
          weight: u32
          user: bytes[12]
        }
        assert sizeof(Meta) == META_SIZE, "META has 64 bytes"
        const META_CACHE = 1 << 31

        struct Digest { sum: bytes[32], count: u64 }
        struct StoreInfo { room: u64, durable: u64, cached: u64, rows: u64, writes: u64 }

        ; ---- time, cr, env (4.3, 4.4, 4.6)
        enum { MONOTONIC, WALL }
        enum { SHA256 = 1, SHA1, BLAKE2B }
        enum { VERIFY_PLAIN = 1, VERIFY_PEERLET }
        enum {
          ENV_APP = 1, ENV_PUBLISHER, ENV_VERSION, ENV_PARAMS, ENV_LIMITS, ENV_USAGE, ENV_IDBITS
          ENV_INSTANCE_KEY, ENV_EPOCH, ENV_NODE_KEY, ENV_DIGEST
        }
        enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR }

        ; ---- id (4.8)
        enum {
          ID_ADD, ID_SUB, ID_CMP, ID_DISTANCE, ID_BETWEEN_OO, ID_BETWEEN_OC, ID_PREFIX_LEN, ID_MIN
          ID_SHL, ID_SHR, ID_SET_PREFIX
        }

        """#

    private static let std = #"""
        ; Small things that most peerlets need: comparing and clearing bytes, building and parsing messages
        ; with bounds checked, room on the heap. What is not used is not in the program.

        include "abi.inc"

        ; ---- Bytes

        ;;; 1 if the n bytes at a and b are equal, else 0.
        proc mem_equal(a, b, n) -> 1
          while n >=u 8
            if load64(a) != load64(b) then return 0 end
            a += 8
            b += 8
            n -= 8
          end
          while n != 0
            if load8_u(a) != load8_u(b) then return 0 end
            a += 1
            b += 1
            n -= 1
          end
          return 1
        end

        ;;; Negative, 0 or positive as the n bytes at a are below, equal to or above those at b.
        proc mem_compare(a, b, n) -> 1
          for i in 0..n
            let difference = load8_u(a + i) - load8_u(b + i)
            if difference != 0 then return difference end
          end
          return 0
        end

        ;;; 1 if all of the n bytes at p are zero.
        proc mem_is_zero(p, n) -> 1
          for i in 0..n
            if load8_u(p + i) != 0 then return 0 end
          end
          return 1
        end

        macro mem_copy(to, from, n)
          memory.copy(to, from, n)
        endmacro

        macro mem_clear(p, n)
          memory.fill(p, 0, n)
        endmacro

        ;;; 1 if the identifiers at a and b are equal.
        proc id_equal(a, b) -> 1
          return (load64(a) == load64(b) && load64(a, 8) == load64(b, 8)
            && load64(a, 16) == load64(b, 16) && load64(a, 24) == load64(b, 24))
        end

        macro id_copy(to, from)
          memory.copy(to, from, 32)
        endmacro

        ;;; 1 if the nodes at a and b have the same identifier.
        proc node_equal(a, b) -> 1
          return id_equal(a, b)
        end

        ;;; Until when an answer to the handle is taken: ms since 1970 by its origin's clock.
        proc handle_deadline(handle) -> 1
          let time = 0
          for i in 0..8
            time = time << 8 | load8_u(handle + HANDLE_DEADLINE + i)
          end
          return time
        end

        ; ---- Numbers

        proc min_u(a, b) -> 1
          return a <u b ? a : b
        end

        proc max_u(a, b) -> 1
          return a >u b ? a : b
        end

        ; ---- Control

        ;;; Leaves the procedure with the status if it is negative.
        macro try(status)
          let value = status
          if value < 0 then return value end
        endmacro

        ; ---- Messages, written: little-endian, checked against the buffer's end

        struct Writer { start: u64, next: u64, end: u64, failed: u64 }

        proc writer_open(w: Writer, buffer, capacity)
          w.start = buffer
          w.next = buffer
          w.end = buffer + capacity
          w.failed = 0
        end

        ;;; Bytes written, or E_TOOBIG if something did not fit.
        proc writer_length(w: Writer) -> 1
          return w.failed ? E_TOOBIG : w.next - w.start
        end

        ;;; Address of n bytes to fill, 0 if they do not fit.
        proc writer_reserve(w: Writer, n) -> 1
          let place = w.next
          if w.failed || n >u w.end - place
            w.failed = 1
            return 0
          end
          w.next = place + n
          return place
        end

        proc put_u8(w: Writer, value)
          let place = writer_reserve(w, 1)
          if place then store8(place, value) end
        end

        proc put_u16(w: Writer, value)
          let place = writer_reserve(w, 2)
          if place then store16(place, value) end
        end

        proc put_u32(w: Writer, value)
          let place = writer_reserve(w, 4)
          if place then store32(place, value) end
        end

        proc put_u64(w: Writer, value)
          let place = writer_reserve(w, 8)
          if place then store64(place, value) end
        end

        proc put_bytes(w: Writer, data, n)
          let place = writer_reserve(w, n)
          if place then memory.copy(place, data, n) end
        end

        macro put_id(w, id)
          put_bytes(w, id, 32)
        endmacro

        macro put_node(w, node)
          put_bytes(w, node, 64)
        endmacro

        ; ---- Messages, read: what is beyond the end reads as 0 and is remembered

        struct Reader { next: u64, end: u64, failed: u64 }

        proc reader_open(r: Reader, data, length)
          r.next = data
          r.end = data + length
          r.failed = 0
        end

        ;;; 1 if nothing was read beyond the end.
        proc reader_ok(r: Reader) -> 1
          return !r.failed
        end

        ;;; 1 if everything was read and nothing beyond.
        proc reader_done(r: Reader) -> 1
          return !r.failed && r.next == r.end
        end

        proc reader_left(r: Reader) -> 1
          return r.end - r.next
        end

        ;;; Address of the next n bytes, 0 if there are fewer.
        proc get_bytes(r: Reader, n) -> 1
          let place = r.next
          if r.failed || n >u r.end - place
            r.failed = 1
            return 0
          end
          r.next = place + n
          return place
        end

        proc get_u8(r: Reader) -> 1
          let place = get_bytes(r, 1)
          return place ? load8_u(place) : 0
        end

        proc get_u16(r: Reader) -> 1
          let place = get_bytes(r, 2)
          return place ? load16_u(place) : 0
        end

        proc get_u32(r: Reader) -> 1
          let place = get_bytes(r, 4)
          return place ? load32_u(place) : 0
        end

        proc get_u64(r: Reader) -> 1
          let place = get_bytes(r, 8)
          return place ? load64(place) : 0
        end

        ; ---- Heap: room that is never given back

        global heap_next = 0

        ;;; Address of n zero bytes, aligned to 8; 0 if memory does not suffice.
        proc allocate(n) -> 1
          if heap_next == 0 then heap_next = heap_start end
          if n >u (1 << 32) then return 0 end
          let place = heap_next
          let after = (place + n + 7) & ~7
          let size = memory.size() * 4096
          if after >u size
            if memory.grow((after - size + 4095) / 4096) < 0 then return 0 end
          end
          heap_next = after
          return place
        end

        """#
}
