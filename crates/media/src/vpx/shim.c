/* Twelve flat functions over libvpx, so that no struct of its changing ABI is ever named outside C.
 * All return 0 for success, a libvpx error code otherwise, unless said differently. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

typedef struct {
  vpx_codec_ctx_t ctx;
  vpx_codec_enc_cfg_t cfg;
  vpx_codec_iter_t iter;
} encoder;

typedef struct {
  const uint8_t *planes[3];
  int strides[3];
  unsigned width;
  unsigned height;
} runde_picture;

/* Pictures are left out while the buffer is below this share of its aim, in percent. */
#define DROP_BELOW 30

/* A real-time profile: constant bit rate, no look-ahead, about one second of buffer. */
static void realtime(vpx_codec_enc_cfg_t *cfg) {
  cfg->g_timebase.num = 1;
  cfg->g_timebase.den = 90000;
  cfg->g_lag_in_frames = 0;
  cfg->g_pass = VPX_RC_ONE_PASS;
  cfg->rc_end_usage = VPX_CBR;
  cfg->rc_min_quantizer = 2;
  cfg->rc_max_quantizer = 56;
  cfg->rc_undershoot_pct = 100;
  cfg->rc_overshoot_pct = 15;
  cfg->rc_buf_initial_sz = 500;
  cfg->rc_buf_optimal_sz = 600;
  cfg->rc_buf_sz = 1000;
  cfg->rc_dropframe_thresh = DROP_BELOW;
  cfg->rc_resize_allowed = 0;
  cfg->kf_mode = VPX_KF_AUTO;
  cfg->kf_max_dist = 3000;
}

/* NULL when libvpx refuses. */
void *runde_vp8_encoder_new(unsigned width, unsigned height, unsigned kbps, int speed, unsigned threads, int resilient) {
  encoder *e = calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &e->cfg, 0) != VPX_CODEC_OK) goto refused;
  realtime(&e->cfg);
  e->cfg.g_w = width;
  e->cfg.g_h = height;
  e->cfg.g_threads = threads;
  e->cfg.g_error_resilient = resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
  e->cfg.rc_target_bitrate = kbps;
  if (vpx_codec_enc_init(&e->ctx, vpx_codec_vp8_cx(), &e->cfg, 0) != VPX_CODEC_OK) goto refused;
  vpx_codec_control(&e->ctx, VP8E_SET_CPUUSED, speed);
  vpx_codec_control(&e->ctx, VP8E_SET_STATIC_THRESHOLD, 1);
  vpx_codec_control(&e->ctx, VP8E_SET_NOISE_SENSITIVITY, 0);
  vpx_codec_control(&e->ctx, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
  vpx_codec_control(&e->ctx, VP8E_SET_MAX_INTRA_BITRATE_PCT, 450);
  return e;
refused:
  free(e);
  return NULL;
}

void runde_vp8_encoder_free(void *p) {
  encoder *e = p;
  vpx_codec_destroy(&e->ctx);
  free(e);
}

int runde_vp8_encoder_rate(void *p, unsigned kbps) {
  encoder *e = p;
  e->cfg.rc_target_bitrate = kbps;
  return vpx_codec_enc_config_set(&e->ctx, &e->cfg);
}

/* Nothing later is made from such a picture, nor from what coding it taught. */
#define DROPPABLE (VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY)

/* The planes are read during the call only; `pts` and `duration` count at 90 kHz. `kind`: 1 key frame, 2 droppable. */
int runde_vp8_encoder_encode(void *p, const uint8_t *y, const uint8_t *u, const uint8_t *v, int64_t pts,
                             unsigned long duration, int kind) {
  encoder *e = p;
  vpx_image_t image;
  if (vpx_img_wrap(&image, VPX_IMG_FMT_I420, e->cfg.g_w, e->cfg.g_h, 1, (unsigned char *)y) == NULL) {
    return VPX_CODEC_INVALID_PARAM;
  }
  image.planes[VPX_PLANE_Y] = (unsigned char *)y;
  image.planes[VPX_PLANE_U] = (unsigned char *)u;
  image.planes[VPX_PLANE_V] = (unsigned char *)v;
  image.stride[VPX_PLANE_Y] = (int)e->cfg.g_w;
  image.stride[VPX_PLANE_U] = (int)((e->cfg.g_w + 1) / 2);
  image.stride[VPX_PLANE_V] = (int)((e->cfg.g_w + 1) / 2);
  e->iter = NULL;
  /* When the rate control leaves a droppable picture out, libvpx goes back to probabilities of some earlier picture that the
   * receivers no longer have (vp8_get_compressed_data restores what nobody saved), and the picture falls apart from there.
   * So only pictures that others are made from may be left out. */
  unsigned threshold = kind == 2 ? 0 : DROP_BELOW;
  if (e->cfg.rc_dropframe_thresh != threshold) {
    e->cfg.rc_dropframe_thresh = threshold;
    vpx_codec_err_t code = vpx_codec_enc_config_set(&e->ctx, &e->cfg);
    if (code != VPX_CODEC_OK) return code;
  }
  vpx_enc_frame_flags_t flags = kind == 1 ? VPX_EFLAG_FORCE_KF : kind == 2 ? DROPPABLE : 0;
  return vpx_codec_encode(&e->ctx, &image, pts, duration, flags, VPX_DL_REALTIME);
}

/* 1 with a frame, 0 without. The bytes hold until the next call on this encoder. */
int runde_vp8_encoder_next(void *p, const uint8_t **bytes, size_t *length, int *key) {
  encoder *e = p;
  const vpx_codec_cx_pkt_t *packet;
  while ((packet = vpx_codec_get_cx_data(&e->ctx, &e->iter)) != NULL) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    *bytes = packet->data.frame.buf;
    *length = packet->data.frame.sz;
    *key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
    return 1;
  }
  return 0;
}

/* NULL when libvpx refuses. */
void *runde_vp8_decoder_new(void) {
  vpx_codec_ctx_t *ctx = calloc(1, sizeof *ctx);
  if (ctx == NULL) return NULL;
  vpx_codec_dec_cfg_t cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.threads = 1;
  if (vpx_codec_dec_init(ctx, vpx_codec_vp8_dx(), &cfg, 0) != VPX_CODEC_OK) {
    free(ctx);
    return NULL;
  }
  return ctx;
}

void runde_vp8_decoder_free(void *p) {
  vpx_codec_destroy(p);
  free(p);
}

int runde_vp8_decoder_decode(void *p, const uint8_t *bytes, unsigned length) {
  return vpx_codec_decode(p, bytes, length, NULL, 0);
}

/* 1 with a picture, 0 without. The planes hold until the next call on this decoder. */
int runde_vp8_decoder_next(void *p, runde_picture *out) {
  vpx_codec_iter_t iter = NULL;
  const vpx_image_t *image = vpx_codec_get_frame(p, &iter);
  if (image == NULL || image->fmt != VPX_IMG_FMT_I420) return 0;
  for (int i = 0; i < 3; i++) {
    out->planes[i] = image->planes[i];
    out->strides[i] = image->stride[i];
  }
  out->width = image->d_w;
  out->height = image->d_h;
  return 1;
}

const char *runde_vpx_version(void) { return vpx_codec_version_str(); }
