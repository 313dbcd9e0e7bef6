; SHA-256 over n blocks of 64 bytes: rotations, exclusive or, loads of 32 bits.
.prost 1
.name "sha256"
.limit memory_pages 1100

bss w at 256: bytes[256]
bss message[4_194_304]
data k: u32   0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1,
  0x923F82A4, 0xAB1C5ED5, 0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3,
  0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174, 0xE49B69C1, 0xEFBE4786,
  0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
  0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147,
  0x06CA6351, 0x14292967, 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13,
  0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85, 0xA2BFE8A1, 0xA81A664B,
  0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
  0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A,
  0x5B9CCA4F, 0x682E6FF3, 0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208,
  0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2

export proc run(n) -> 1
  let x = 1
  let i = 0
fill:
  x = add32(mul32(x, 1664525), 1013904223)
  store32(i, x, message)
  i += 4
  (i <u n << 6)  br_if fill
  let ha = 0x6A09E667
  let hb = 0xBB67AE85
  let hc = 0x3C6EF372
  let hd = 0xA54FF53A
  let he = 0x510E527F
  let hf = 0x9B05688C
  let hg = 0x1F83D9AB
  let hh = 0x5BE0CD19
  let a, b, c, d, e, f, g, h, y, t1, t2
  let p = message
block:
  i = 0
load:
  x = load32_u(p + i)
  store32(i, rotl32(x, 8) & 0x00FF00FF | rotr32(x, 8) & 0xFF00FF00, w)
  i += 4
  (i < 64)  br_if load
expand:
  x = load32_u(i, w - 60)
  y = load32_u(i, w - 8)
  store32(i,
    add32(
      add32(load32_u(i, w - 64), rotr32(x, 7) ^ rotr32(x, 18) ^ shr32_u(x, 3)),
      add32(load32_u(i, w - 28), rotr32(y, 17) ^ rotr32(y, 19) ^ shr32_u(y, 10))),
    w)
  i += 4
  (i < 256)  br_if expand
  a = ha
  b = hb
  c = hc
  d = hd
  e = he
  f = hf
  g = hg
  h = hh
  i = 0
round:
  t1 = add32(add32(add32(add32(h,
    rotr32(e, 6) ^ rotr32(e, 11) ^ rotr32(e, 25)),
    g ^ e & (f ^ g)), load32_u(i, k)), load32_u(i, w))
  t2 = add32(rotr32(a, 2) ^ rotr32(a, 13) ^ rotr32(a, 22), a & b | c & (a | b))
  h = g
  g = f
  f = e
  e = add32(d, t1)
  d = c
  c = b
  b = a
  a = add32(t1, t2)
  i += 4
  (i < 256)  br_if round
  ha = add32(ha, a)
  hb = add32(hb, b)
  hc = add32(hc, c)
  hd = add32(hd, d)
  he = add32(he, e)
  hf = add32(hf, f)
  hg = add32(hg, g)
  hh = add32(hh, h)
  p += 64
  n -= 1
  (n)  br_if block
  return ha << 32 | hb
end
