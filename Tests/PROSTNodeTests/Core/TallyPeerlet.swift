import Cryptography
import KBR
import PROSTNode
import PeerletPackage

/// A peerlet that counts in its memory only, and keeps the count with `snapshot` and `restore`.
///
/// Clients name what it does by number, and how it behaves when it is asked for a snapshot.
struct TallyPeerlet {
    enum Command {
        static let add = 0
        static let read = 1
        static let checkpoint = 2
        static let exit = 3
        static let behave = 4
        static let parameters = 5
        static let startTimer = 6
    }

    enum Behaviour: UInt8 {
        case good = 0
        case snapshotTraps = 1
        case snapshotIsTooBig = 2
        case snapshotDeclines = 3
        case restoreRefuses = 4
        case restoreTraps = 5
        case stopSpins = 6
        /// As large as an upcall may send.
        case snapshotIsLarge = 7
    }

    let package: [UInt8]
    let application: ApplicationID

    init(version: UInt64 = 1, isKeyed: Bool = false, storage: UInt64 = 1 << 20) throws {
        var draft = ManifestDraft(name: "tally", version: version)
        draft.instanceClass = isKeyed ? .keyed : .node
        draft.storeClass = .overlay
        draft.limits.fuelPerUpcall = 1_000_000
        draft.limits.fuelPerSecond = 2_000_000
        draft.limits.memoryPages = 16
        draft.limits.storeBytes = storage
        package = try PackageWriter.build(
            draft,
            image: try AssembledProgram.image(of: Self.source),
            signer: ProbePeerlet.provider
        )
        application = try ProbePeerlet.identifier(named: "tally")
    }

    private static let source = """
        .prost 1
        .name "tally"
        include "std.inc"
        import kbr.reply, env.get, env.log, life.checkpoint, life.exit, life.snap, time.timer
        import st.put

        struct State { count: u64, behaviour: u64 }
        bss state: State
        bss parameters[64]
        bss big[4096]
        data key: id "written while a snapshot is made"
        inbox 448 + 4096

        upcall init(reason)
          switch reason
          case INIT_FRESH
            env.log(1, span("init fresh"))
          case INIT_RESTORED
            env.log(1, span("init restored"))
          case INIT_UPGRADED
            env.log(1, span("init upgraded"))
          end
        end

        upcall client(ev: Event)
          switch ev.type
          case 0
            state.count += 1
          case 2
            life.checkpoint(0)
            life.checkpoint(0)
          case 3
            life.exit(0)
          case 4
            state.behaviour = load8_u(ev.payload)
          case 5
            let length = env.get(4, span(parameters))
            kbr.reply(ev.reply, OK, parameters, length, 0)
            return 0
          case 6
            time.timer(100, 100, 1)
          end
          kbr.reply(ev.reply, OK, state, 8, 0)
        end

        upcall timer(cookie, timer_id)
          state.count += 1
        end

        upcall snapshot(low, high, reason)
          if reason != SNAPSHOT_CHECKPOINT || !id_equal(low, high) then trap 1 end
          life.snap(span(state))
          switch state.behaviour
          case 1
            trap 7
          case 2
            loop
              if life.snap(span(big)) < 0 then return 0 end
            end
          case 3
            return -1
          case 7
            for i in 0..8
              life.snap(span(big))
            end
          end
          st.put(span(key), state, 8, 0, 0, 0)
          life.snap(state, 0)
        end

        upcall restore(ev: Event)
          if ev.status != SNAPSHOT_CHECKPOINT then return -1 end
          if ev.len == sizeof(State)
            let saved: State = ev.payload
            if saved.behaviour == 4 then return 1 end
            if saved.behaviour == 5 then trap 7 end
            state.count += saved.count
            if ev.token == 1 then env.log(1, span("restored from 1")) end
          end
          if !(ev.flags & F_MORE) then env.log(1, span("restored")) end
          return 0
        end

        upcall stop(reason)
          if state.behaviour == 6
            loop
              state.count += 1
            end
          end
          switch reason
          case STOP_EXIT
            env.log(1, span("stop exit"))
          case STOP_UPGRADE
            env.log(1, span("stop upgrade"))
          case STOP_SHUTDOWN
            env.log(1, span("stop shutdown"))
          case STOP_EVICTED
            env.log(1, span("stop evicted"))
          end
        end
        """
}
