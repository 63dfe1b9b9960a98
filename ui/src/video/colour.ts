/**
 * From YUV to RGB, once for both painters: BT.601, limited range. VP8 knows no other (RFC 6386 section 9.2), and cameras are
 * converted to it. Each number weighs a sample that runs from 0 to 1, chroma around 0.
 */
export const BT601 = { luma: 1.1644, redV: 1.596, greenU: 0.3918, greenV: 0.813, blueU: 2.0172 };
