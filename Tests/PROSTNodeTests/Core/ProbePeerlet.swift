import Cryptography
import KBR
import PROSTNode
import PeerletPackage
import Testing

/// A peerlet that does what the type of a message says, for tests of the node around it.
///
/// The low byte of the type is the command, the two bits above it the hop mode. Commands from 64 on
/// are carried out by the `client` upcall itself, the others at the root of the key.
struct ProbePeerlet {
    static let provider = LoaderFixture.key(77)

    enum Command {
        static let echo = 0
        static let trap = 1
        static let spin = 2
        static let silence = 3
        static let count = 4
        static let answerTwice = 5
        static let tellKey = 6
        static let isUnsure = 7
        static let forwardStops = 20
        static let forwardChangesPayload = 21
        static let forwardChangesKey = 22
        static let forwardsOnce = 23
        static let forwardSpins = 24
        static let forwardTraps = 25
        static let localTrap = 64
        static let localSpin = 65
        static let startTimer = 67
        static let cancelTimer = 68
        static let push = 69
        static let exit = 70
        static let watch = 71
        static let sendTo = 72
        /// As `tellKey`, but asked for by a timer.
        static let tellKeyLater = 73
        /// Sends eight messages every ten milliseconds.
        static let flood = 74
    }

    enum Store: Sendable {
        case overlay
        case consistent
    }

    let package: [UInt8]
    let application: ApplicationID

    init(
        name: String = "probe",
        version: UInt64 = 1,
        type: Manifest.ApplicationType = .endNode,
        store: Store = .overlay,
        replicas: UInt8 = 3
    ) throws {
        var draft = ManifestDraft(name: name, version: version)
        draft.applicationType = type
        draft.storeClass = store == .consistent ? .consistent : .overlay
        draft.replicaCount = replicas
        draft.limits.fuelPerUpcall = 100_000
        draft.limits.fuelPerSecond = 2_000_000
        draft.limits.memoryPages = 16
        draft.limits.storeBytes = 65_536
        draft.limits.messagesPerSecond = 500
        draft.limits.mailboxLength = 64
        package = try PackageWriter.build(
            draft,
            image: try AssembledProgram.image(of: Self.source),
            signer: Self.provider
        )
        application = try Self.identifier(named: name)
    }

    static func identifier(named name: String) throws -> ApplicationID {
        try #require(ApplicationID(rootKey: provider.publicKey, name: name))
    }

    private static let source = """
        .prost 1
        .name "probe"
        include "std.inc"
        import kbr.request, kbr.route, kbr.reply, kbr.msg_set, kbr.watch, kbr.send, st.put, st.get
        import time.timer, time.cancel, cl.push, env.stat, life.exit

        const SLOTS = 64
        struct Slot { token: u64, reply: bytes[80] }
        struct Count { number: u64 }
        bss waiting: Slot[SLOTS]
        bss counted: Count
        bss timer: Count
        struct Later { key: bytes[32], reply: bytes[80] }
        bss later: Later
        const LATER = 1000
        const FLOOD = 1001
        data key: id "the count"
        inbox 448 + 2048

        upcall init(reason)
          env.stat(span("init"), 1)
          if reason == INIT_RESTORED then env.stat(span("restored"), 1) end
          if reason == INIT_UPGRADED then env.stat(span("upgraded"), 1) end
          st.get(span(key), 0, span(counted), 0)
        end

        upcall forward(ev: Event)
          env.stat(span("forward"), 1)
          switch ev.type & 0xFF
          case 20
            kbr.reply(ev.reply, 20, 0, 0, 0)
            return FORWARD_STOP
          case 21
            kbr.msg_set(SET_PAYLOAD, span("changed"))
          case 22
            if ev.flags & F_SOURCE then kbr.msg_set(SET_KEY, id "elsewhere", ID_SIZE) end
          case 23
            return FORWARD_LAST
          case 24
            spin()
          case 25
            trap 7
          end
          return FORWARD_CONTINUE
        end

        proc spin()
          let turns = 0
          loop
            turns += 1
          end
        end

        upcall deliver(ev: Event)
          env.stat(span("deliver"), 1)
          if ev.flags & F_RESENT then env.stat(span("resent"), 1) end
          counted.number += 1
          switch ev.type & 0xFF
          case 1
            trap 7
          case 2
            spin()
          case 3
            return 0
          case 4
            st.put(span(key), span(counted), TTL_NEVER, 0, 0)
            kbr.reply(ev.reply, OK, span(counted), 0)
            return 0
          case 5
            kbr.reply(ev.reply, 1, ev.payload, ev.len, 0)
          case 6
            kbr.reply(ev.reply, OK, ev.key, ID_SIZE, 0)
            return 0
          case 7
            kbr.reply(ev.reply, E_UNSURE, 0, 0, 0)
            return 0
          end
          if ev.flags & F_REQ then kbr.reply(ev.reply, OK, ev.payload, ev.len, 0) end
        end

        ;;; The slot with this token, a free one for 0; 0 if there is none.
        proc slot_of(token) -> 1
          for i in 0..SLOTS
            let slot: Slot = waiting[i]
            if slot.token == token then return slot end
          end
          return 0
        end

        upcall reply(ev: Event)
          env.stat(span("reply"), 1)
          let slot: Slot = slot_of(ev.token)
          if slot == 0 then return 0 end
          slot.token = 0
          kbr.reply(slot.reply, ev.status, ev.payload, ev.len, 0)
        end

        upcall undeliverable(ev: Event)
          env.stat(span("undeliverable"), 1)
        end

        upcall update(ev: Event)
          env.stat(span("update"), 1)
          if ev.status == UPDATE_WATCH_DEAD then env.stat(span("dead"), 1) end
        end

        upcall timer(cookie, timer_id)
          if cookie == FLOOD
            for i in 0..8
              kbr.route(key, 0, 0, 0, 0, HOP_NONE)
            end
            return 0
          end
          if cookie == LATER
            ask(later.key, 6, 0, 0, HOP_NONE, later.reply)
            return 0
          end
          env.stat(span("tick"), cookie)
        end

        ;;; A request whose answer goes to the holder of the handle.
        proc ask(key, type, payload, length, mode, handle)
          let token = kbr.request(0, key, 0, type, payload, length, 5000, mode)
          if token < 0
            kbr.reply(handle, token, 0, 0, 0)
            return
          end
          let slot: Slot = slot_of(0)
          if slot == 0 then return end
          slot.token = token
          mem_copy(slot.reply, handle, HANDLE_SIZE)
        end

        upcall client_gone(client)
          env.stat(span("gone"), 1)
        end

        upcall client(ev: Event)
          let command = ev.type & 0xFF
          if command <u 64
            ask(ev.key, ev.type, ev.payload, ev.len, (ev.type >> 8) & 3, ev.reply)
            return 0
          end
          switch command
          case 64
            trap 7
          case 65
            spin()
          case 67
            timer.number = time.timer(100, 100, 1)
          case 68
            time.cancel(timer.number)
          case 69
            cl.push(ev.client, 9, ev.payload, ev.len)
          case 70
            life.exit(3)
          case 71
            kbr.watch(ev.payload, 1)
          case 72
            kbr.send(ev.payload, 0, 0, 0, HOP_NONE)
          case 73
            mem_copy(later.key, ev.key, ID_SIZE)
            mem_copy(later.reply, ev.reply, HANDLE_SIZE)
            time.timer(100, 0, LATER)
            return 0
          case 74
            time.timer(10, 10, FLOOD)
          end
          kbr.reply(ev.reply, OK, 0, 0, 0)
        end
        """
}
