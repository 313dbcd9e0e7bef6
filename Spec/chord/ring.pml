/*
 * The ring of Spec/chord.md as steps of its nodes: join, stabilize from successor, stabilize from
 * predecessor, rectify (6.1 to 6.4), and failures as far as the proof allows them (8).
 *
 * N identifiers, r = 2, three members to begin with, every order of steps. A step reads the state
 * of at most one other node. The second half of stabilization and the rectify that a notify causes
 * are steps of their own and come arbitrarily late or never. A node between the two halves is
 * BUSY: who asks it changes nothing. A node that has failed may join again.
 *
 * Checked after every step: each list holds a live node, at least r + 1 principals, lists in
 * order, and all principals on the one cycle of best successors. Without DEPTH every state that
 * can be reached, with it those within so many steps:
 *
 *   spin -DN=4 -a ring.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -E -m2000000
 *   spin -DN=8 -DDEPTH=10 -a ring.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -E -m1000
 *
 * With -DORIGINAL it is the ring of Stoica et al. 2001, in which a joiner knows one successor and
 * a successor's predecessor is adopted unasked: an assertion fails.
 */

#ifndef N
#define N 8
#endif

#define NOBODY 15
#define PRINCIPALS 3

/* Going clockwise from a one meets x strictly before b; with a = b true of all other points. */
#define between(a, x, b) ((a) < (b) -> ((a) < (x) && (x) < (b)) : ((a) < (x) || (x) < (b)))
#define lives(i) ((i) != NOBODY && live[i])

bit live[N];
byte first[N];          /* the successor list; NOBODY where it is shorter than r */
byte second[N];
byte predecessor[N];
byte asked[N];          /* whom stabilization from predecessor is about to ask, else NOBODY */
byte notified[N];       /* who has notified and is not rectified yet, a bit each */
#ifdef DEPTH
byte steps;
#endif

inline notify(to, by) {
    if
    :: lives(to) -> notified[to] = notified[to] | (1 << (by))
    :: else
    fi
}

/* The list [head] + list of head, cut to r and where it turns back. */
inline adopt(n, head) {
    first[n] = head;
    if
    :: first[head] != n && between(head, first[head], n) -> second[n] = first[head]
    :: else -> second[n] = NOBODY
    fi
}

inline join(n, m) {
    first[n] = first[m];
    second[n] = second[m];
    if
    :: second[n] == n -> second[n] = NOBODY
    :: else
    fi;
#ifdef ORIGINAL
    second[n] = NOBODY;
#endif
    predecessor[n] = m;
    asked[n] = NOBODY;
    live[n] = 1
}

inline stabilize(n) {
    s = first[n];
    if
    :: !live[s] ->
        first[n] = second[n];
        second[n] = NOBODY;
        notify(first[n], n)
    :: live[s] && asked[s] != NOBODY
    :: live[s] && asked[s] == NOBODY ->
        adopt(n, s);
        p = predecessor[s];
        if
        :: between(n, p, s) ->
#ifdef ORIGINAL
            second[n] = s;
            first[n] = p;
            notify(p, n)
#else
            asked[n] = p
#endif
        :: else -> notify(s, n)
        fi
    fi
}

inline stabilizeFromPredecessor(n) {
    p = asked[n];
    asked[n] = NOBODY;
    if
    :: !live[p] -> notify(first[n], n)
    :: live[p] && asked[p] != NOBODY
    :: live[p] && asked[p] == NOBODY -> adopt(n, p); notify(p, n)
    fi
}

inline rectify(n, candidate) {
    notified[n] = notified[n] & (255 - (1 << candidate));
    if
    :: between(predecessor[n], candidate, n) || !live[predecessor[n]] ->
        predecessor[n] = candidate
    :: else
    fi
}

inline fail(n) {
    live[n] = 0;
    first[n] = 0;
    second[n] = 0;
    predecessor[n] = 0;
    asked[n] = 0;
    notified[n] = 0
}

/* Sets `holds` if every member keeps a live entry and r + 1 principals remain without node x,
   `unordered` if a list is, and `principals` to the set of them. */
inline examine(x) {
    holds = 1;
    unordered = 0;
    principals = 0;
    count = 0;
    a = 0;
    do
    :: a < N ->
        if
        :: live[a] && a != x ->
            if
            :: !(lives(first[a]) && first[a] != x) && !(lives(second[a]) && second[a] != x) ->
                holds = 0
            :: else
            fi;
            if
            :: first[a] == NOBODY || first[a] == a ||
                (second[a] != NOBODY && !between(first[a], second[a], a)) ->
                unordered = 1
            :: else
            fi;
            b = 0;
            do
            :: b < N && live[b] && b != x &&
                (between(b, a, first[b]) ||
                (second[b] != NOBODY && between(first[b], a, second[b]))) -> break
            :: b < N && !(live[b] && b != x &&
                (between(b, a, first[b]) ||
                (second[b] != NOBODY && between(first[b], a, second[b])))) -> b++
            :: b == N -> principals = principals | (1 << a); count++; break
            od
        :: else
        fi;
        a++
    :: else -> break
    od;
    if
    :: count < PRINCIPALS -> holds = 0
    :: else
    fi
}

/* From the first principal along best successors: the others are met before it is met again. */
inline follow() {
    a = 0;
    do
    :: !(principals & (1 << a)) -> a++
    :: else -> break
    od;
    b = a;
    count = 0;
    do
    :: principals = principals & (255 - (1 << b));
        b = (lives(first[b]) -> first[b] : second[b]);
        count++;
        if
        :: b == a || count > N -> break
        :: else
        fi
    od;
    assert(b == a && principals == 0)
}

init {
    byte n, m, s, p, a, b, count, principals;
    bit holds, unordered;

    d_step {
        n = 0;
        do
        :: n < 3 ->
            m = n * N / 3;
            live[m] = 1;
            first[m] = ((n + 1) % 3) * N / 3;
            second[m] = ((n + 2) % 3) * N / 3;
            predecessor[m] = ((n + 2) % 3) * N / 3;
            asked[m] = NOBODY;
            n++
        :: else -> break
        od;
        n = 0;
        m = 0
    }
    do
    :: atomic {
#ifdef DEPTH
        steps < DEPTH;
        steps++;
#endif
        n = 0;
        do
        :: n < N - 1 -> n++
        :: break
        od;
        if
        :: !live[n] ->
            m = 0;
            do
            :: m < N - 1 -> m++
            :: break
            od;
            live[m] && asked[m] == NOBODY && between(m, n, first[m]);
            d_step { join(n, m); m = 0 }
        :: live[n] && asked[n] == NOBODY -> d_step { stabilize(n) }
        :: live[n] && asked[n] != NOBODY -> d_step { stabilizeFromPredecessor(n) }
        :: live[n] && asked[n] == NOBODY && notified[n] != 0 ->
            m = 0;
            do
            :: m < N - 1 -> m++
            :: break
            od;
            notified[n] & (1 << m);
            d_step { rectify(n, m); m = 0 }
        :: live[n] ->
            d_step { examine(n) };
            holds;
            d_step { fail(n) }
        fi;
        d_step {
            examine(NOBODY);
            assert(holds && !unordered);
            follow();
            n = 0; s = 0; p = 0; a = 0; b = 0; count = 0; principals = 0; holds = 0
        }
    }
    od
}
