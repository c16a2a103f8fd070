/* jiancha's terminal: what an inspector's handheld does, as a library.
 *
 * A terminal keeps everything it needs in one file, the store: who holds it, the register and the
 * tasks as the server last told them, the leased document numbers, and every operation it ever made.
 * All work is offline; only jc_terminal_enroll() and jc_terminal_sync() talk, through a transport
 * that the caller gives.
 *
 *     struct jc_terminal *terminal;
 *     jc_terminal_open(&(struct jc_terminal_config){.path = "t1.db", .create = true}, &terminal, &err);
 *     jc_transport_curl("http://127.0.0.1:8420", 0, JC_ZH, &transport, &err);
 *     jc_terminal_enroll(terminal, &transport, &invitation, arena, &holder, &err);    once
 *     jc_terminal_sync(terminal, &transport, NULL, arena, &result, &err);             whenever there is a net
 *     jc_terminal_tasks(terminal, arena, &tasks, &count, &err);
 *     jc_terminal_submit(terminal, &draft, arena, &work, &err);                       in the field
 *     jc_terminal_order(terminal, &order, arena, &work, &err);
 *     jc_terminal_document(terminal, work.subject, JC_ZH, &text, &err);
 *     jc_terminal_close(terminal);
 *
 * What a caller may rely on, whatever is cut, killed or answered:
 * - A piece of work is stored whole (record, number, signature, photos) or not at all.
 * - An operation leaves the outbox only after the server's receipt named it; sending it twice is safe.
 * - A document number is given once, never again.
 * - The listing of the server is shown as a whole or not at all; work that is not sent survives
 *   every listing, restart and new enrolment.
 * - An operation that the server refuses stays here with the server's words and blocks nothing but
 *   what depends on it.
 *
 * Generated messages (jiancha/v1/<name>.pb-c.h) are the nouns. Results live in the arena that the call
 * takes. Functions return JC_OK or fill `err`; words for people come from jc_err_render(). A terminal may
 * be used by one thread at a time; several processes may open one store. jc_id_init() comes first. */
#ifndef JIANCHA_TERMINAL_H
#define JIANCHA_TERMINAL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "jiancha/v1/inspection.pb-c.h"
#include "jiancha/v1/registry.pb-c.h"
#include "jiancha/v1/sync.pb-c.h"
#include "jiancha/v1/task.pb-c.h"

/* --- the store ------------------------------------------------------------------------------------ */

struct jc_terminal;

struct jc_terminal_config {
    const char *path;       /* the store: a file that only its owner may read; ":memory:" for tests */
    bool create;            /* make it if it is missing; else JC_NOT_FOUND */
    struct jc_clock wall;   /* what people read; zeroed: jc_clock_system() */
    struct jc_clock steady; /* monotonic ms; zeroed: jc_monotonic_ms() */
    const char *vfs;    /* the database driver's name of another file system layer; NULL: the system's (simulation) */
    bool inline_writer; /* writes run on the caller's thread (simulation) */
    const struct jc_uuid *boot_id; /* differs after each start of the system; NULL: asked of Linux */
};

enum jc_code jc_terminal_open(const struct jc_terminal_config *config, struct jc_terminal **out, struct jc_err *err);
void jc_terminal_close(struct jc_terminal *terminal); /* NULL is fine */

/* --- the way to the server -------------------------------------------------------------------------- */

/* Connect's unary call as seen from here. A simulator puts a server of its own behind it. */
struct jc_transport_call {
    const char *procedure; /* "/jiancha.v1.SyncService/Sync" */
    struct jc_str token;   /* for `Authorization: Bearer`; empty: none */
    struct jc_str request; /* a serialised message */
};

/* Another request than a call: photos go up by the tus protocol (docs/SYNC.md). */
struct jc_transport_exchange {
    const char *method; /* "POST", "HEAD", "PATCH", "GET" */
    const char *path;   /* "/blobs" */
    struct jc_str token;
    const char *const *headers; /* "Name: value", NULL behind the last */
    int fd;                     /* body: `bytes` bytes of this file from `offset` on; -1: none */
    int64_t offset, bytes;
    /* Of GET, NULL else: the file that takes the answer's body (status 200 or 206) from `offset` on, at most `bytes`
     * bytes. What came before a cut is in it. */
    const int *save_fd;
};
struct jc_transport_reply {
    int status;
    int64_t upload_offset; /* header Upload-Offset; -1: none */
    char location[256];    /* header Location; "": none, or too long */
};

struct jc_transport {
    /* Sends one request and waits. JC_OK: a whole answer with HTTP status *status has come and its body
     * (a message for 200, else {"code","message"}) was appended to `body`, which declares the maximum.
     * JC_UNAVAILABLE, JC_DEADLINE_EXCEEDED: nothing whole came; the server may have done it or not.
     * JC_RESOURCE_EXHAUSTED: the answer is larger than the maximum. */
    enum jc_code (*call)(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                         struct jc_err *err);
    void (*close)(void *ctx); /* or NULL */
    void *ctx;
    /* One request of another kind; failures as of `call`. NULL: this way carries calls alone. */
    enum jc_code (*exchange)(void *ctx, const struct jc_transport_exchange *exchange, struct jc_transport_reply *out,
                             struct jc_err *err);
};

/* HTTP through libcurl. `server` is "http://host:port" or "https://…"; timeout_ms bounds a whole call
 * (0: 120,000) and connecting takes at most 10,000; `lang` is that of the server's words when it refuses. No redirect is followed (it would carry the token
 * away). A 200 that is not application/proto (a hotel's login page) is JC_UNAVAILABLE. */
enum jc_code jc_transport_curl(const char *server, int timeout_ms, enum jc_lang lang, struct jc_transport *out,
                               struct jc_err *err);
/* Also fine on a zeroed struct; leaves it zeroed. */
void jc_transport_close(struct jc_transport *transport);

/* --- who holds it ----------------------------------------------------------------------------------- */

struct jc_terminal_invitation {
    struct jc_str server;      /* remembered for later syncs */
    struct jc_str code;        /* one time, from a planner */
    struct jc_str device_name; /* for the device board; empty: "terminal" */
    bool again;                /* the store is enrolled already: enrol anew, or another person too */
};

struct jc_terminal_holder {
    struct jc_str server;
    struct jc_uuid device_id;
    struct jc_str device_name;
    struct jc_str agency_id, agency_name;
    struct jc_str team_id;
    struct jc_str inspector_id, inspector_name;
};

/* Makes the device's key (kept for good, so a call whose answer was lost may be repeated), spends the
 * code and keeps the token and the public keys that sign the server's receipts. JC_ALREADY_EXISTS if the store is
 * enrolled and `again` is false; JC_FAILED_PRECONDITION if the code is of another agency and work here is not sent.
 *
 * With `again` a revoked device is enrolled anew (its unsent work goes out under the new enrolment), or a second
 * person of the agency joins: both share key, chain and listing, each has an enrolment with a token and document
 * numbers of their own, and what each did goes out under theirs, whoever syncs. */
enum jc_code jc_terminal_enroll(struct jc_terminal *terminal, const struct jc_transport *transport,
                                const struct jc_terminal_invitation *invitation, struct jc_arena *arena,
                                struct jc_terminal_holder *out, struct jc_err *err);
/* JC_FAILED_PRECONDITION before the enrolment. */
enum jc_code jc_terminal_holder(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_holder *out,
                                struct jc_err *err);

/* Everybody who was ever enrolled here: who can work first, then ended enrolments. */
struct jc_terminal_share {
    struct jc_terminal_holder holder;
    bool active;  /* works now: what is done is theirs */
    bool revoked; /* ended: by the server, by a later enrolment of the same person, or by one at another agency */
    int64_t enrolled_ms;
    int64_t unsent; /* operations that wait under this enrolment */
};
enum jc_code jc_terminal_holders(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_share **out,
                                 size_t *count, struct jc_err *err);
/* From now on this person works; needs no net. The listing stays on the screen and is fetched anew with the next
 * sync. JC_NOT_FOUND if nobody of that inspector_id is enrolled here. */
enum jc_code jc_terminal_switch(struct jc_terminal *terminal, struct jc_str inspector_id, struct jc_arena *arena,
                                struct jc_terminal_holder *out, struct jc_err *err);

/* --- what became of an operation ---------------------------------------------------------------------- */

struct jc_terminal_outcome {
    struct jc_uuid operation_id;
    Jc__OperationBody__CommandCase command;
    struct jc_uuid task_id;    /* zeros: none */
    struct jc_uuid subject_id; /* the inspection, order or recheck it carries; of ReturnTask the task */
    struct jc_str unit_id;
    int64_t made_ms;
    bool unsent;                /* no receipt yet (or to be offered again to a restored server) */
    Jc__OperationStatus status; /* unspecified before the first answer */
    bool set_aside;             /* the server refuses any request that holds it; offered at every sync */
    struct jc_str code;         /* Connect's name of the reason, when rejected, kept or set aside */
    struct jc_str reason_zh, reason_en;
    bool proven;                     /* a receipt whose signature was verified names it */
    int64_t clock_offset_ms;         /* device minus server as last known when it was made; 0 before the first sync */
    const Jc__ReviewOutcome *review; /* what a person decided about it, with their words; NULL: nothing yet */
};

/* What counts for the task: the server's status, and where a person decided about an operation that was kept, what
 * they decided (accepted or linked: APPLIED; not accepted: REJECTED). */
Jc__OperationStatus jc_terminal_stands(const struct jc_terminal_outcome *outcome);

/* Whether a person should look at it: rejected, kept and not decided, or set aside. */
bool jc_terminal_needs_attention(const struct jc_terminal_outcome *outcome);

/* --- sync ------------------------------------------------------------------------------------------- */

struct jc_terminal_sync_options {
    /* 0: what got through lately. It begins with 50 operations and 256 KiB; a cut or timeout halves it, two good
     * answers double it, up to 200 and 1 MiB; it is kept from sync to sync. */
    int batch_operations; /* in one request */
    int batch_bytes;      /* their bodies together; one is always sent */
    int page_bytes;       /* asked of the server */
    bool repeat;          /* send every request that carries operations twice and compare the results */
};

struct jc_terminal_sync_result {
    int64_t rounds; /* complete answers */
    int64_t sent;   /* operations with a receipt now: applied + rejected + kept */
    int64_t applied, rejected, kept;
    int64_t set_aside;       /* refused together with the whole request; still unsent */
    int64_t repeated;        /* answered twice alike */
    int64_t received;        /* changes, removals included */
    int64_t removed;         /* removals */
    int64_t skipped;         /* changes that make no sense here; not stored */
    bool restarted;          /* the server began its listing anew */
    bool shown;              /* the listing is complete and shown */
    int64_t carried;         /* files of colleagues that were handed in (jc_terminal_take_over) */
    bool rebuild;            /* a planner asked for jc_terminal_rebuild(), and it was done */
    bool compared;           /* today's jc_terminal_check() was made */
    bool cured;              /* it found a listing that was not the server's, which was fetched anew */
    bool differs;            /* and still is not the server's: for an administrator; the device board tells it */
    int64_t retry_after_ms;  /* the server asks to wait so long before the next sync; 0: as you like */
    int64_t unsent;          /* operations still waiting */
    int64_t clock_offset_ms; /* device minus server, at the last answer */
    int64_t server_time_ms;  /* of the last receipt */
    int64_t chain_length;    /* head of the server's evidence chain in the last receipt */
    uint8_t chain_head[JC_SHA256_SIZE];
    /* One for each operation answered or set aside, and for each about which a decision came (its `review`). */
    struct jc_terminal_outcome *outcomes;
    size_t outcome_count;
};

/* Sends what is not sent, in order, and fetches what is new. JC_OK means: every operation has its
 * receipt and the listing is shown. Otherwise `out` says how far it came; whatever has its receipt keeps
 * it, a page that came whole is kept for the next call, and calling again is always right.
 * JC_UNAVAILABLE, JC_DEADLINE_EXCEEDED: no net or a cut. JC_UNAUTHENTICATED: revoked. JC_ABORTED: another
 * process is syncing this store. JC_DATA_LOSS: the server answered what no server may answer.
 * JC_FAILED_PRECONDITION: done, but operations were set aside. If all but a carried file went well, the error is that
 * of the file, which stays for the next sync. `options` may be NULL. */
enum jc_code jc_terminal_sync(struct jc_terminal *terminal, const struct jc_transport *transport,
                              const struct jc_terminal_sync_options *options, struct jc_arena *arena,
                              struct jc_terminal_sync_result *out, struct jc_err *err);

/* One small request more, without operations, behind whatever has changed what is here (a sync that brought or sent
 * something, jc_terminal_upload, jc_terminal_check): it says what the terminal holds now, because the report of a
 * request is older than its answer. Until then the device board tells what was there before. What the answer brings is
 * kept as by a sync. A failure costs nothing but that. */
enum jc_code jc_terminal_tell(struct jc_terminal *terminal, const struct jc_transport *transport, struct jc_err *err);

/* --- photos ------------------------------------------------------------------------------------------- */

struct jc_terminal_upload_result {
    int64_t sent_blobs, sent_bytes; /* now */
    int64_t waiting_blobs, waiting_bytes;
    int64_t lost_blobs; /* whose file here is gone or no longer what was recorded: they cannot be sent */
};

struct jc_terminal_upload_options {
    int64_t budget_bytes; /* at most so many now; 0: all */
    bool small_only;      /* images of signatures and small photos; originals wait */
    /* Called after each piece; NULL: none. True ends the upload, which goes on there the next time. */
    bool (*progress)(void *ctx, const struct jc_terminal_upload_result *so_far);
    void *ctx;
};

/* Sends photos, recordings and images of signatures of records that the server has: small ones first, originals
 * last, each from the byte where it was cut. Call it after jc_terminal_sync(): records are worth more, so it does
 * nothing while operations wait. JC_OK: nothing waits any more, or the budget is used up. JC_UNAVAILABLE,
 * JC_DEADLINE_EXCEEDED: cut; JC_RESOURCE_EXHAUSTED: the server takes no more for now; JC_FAILED_PRECONDITION: files
 * are lost. `out` says how far it came in every case; calling again is always right. `options` may be NULL. */
enum jc_code jc_terminal_upload(struct jc_terminal *terminal, const struct jc_transport *transport,
                                const struct jc_terminal_upload_options *options, struct jc_arena *arena,
                                struct jc_terminal_upload_result *out, struct jc_err *err);

/* Photos that open tasks need (of the findings of a recheck): fetched whole or not at all, each from where it was cut;
 * then jc_terminal_blob_path() finds them. Failures as of jc_terminal_upload(); what the server does not have (yet) is
 * no failure. */
struct jc_terminal_fetched {
    int64_t blobs, bytes;                 /* now */
    int64_t absent;                       /* needed ones that the server does not have */
    int64_t waiting_blobs, waiting_bytes; /* needed ones that are not whole here, and what is lacking of them */
};
/* budget_bytes: at most so many now; 0: all. */
enum jc_code jc_terminal_fetch(struct jc_terminal *terminal, const struct jc_transport *transport, int64_t budget_bytes,
                               struct jc_arena *arena, struct jc_terminal_fetched *out, struct jc_err *err);

/* What a sync does about photos once the records are sent, within a budget of bytes up and down together: sends what is
 * small, fetches what open tasks need, sends originals, and lets the server sign for what it then has. Failures as of
 * jc_terminal_upload(); `out` says how far it came in every case, and calling again is always right. */
struct jc_terminal_photos_result {
    struct jc_terminal_upload_result upload;
    struct jc_terminal_fetched fetched;
};
enum jc_code jc_terminal_photos(struct jc_terminal *terminal, const struct jc_transport *transport,
                                int64_t budget_bytes, struct jc_arena *arena, struct jc_terminal_photos_result *out,
                                struct jc_err *err);
/* Where the bytes of a photo are: taken here, or fetched. JC_NOT_FOUND if they are not here. The arena's. */
enum jc_code jc_terminal_blob_path(struct jc_terminal *terminal, const Jc__Photo *photo, struct jc_arena *arena,
                                   struct jc_str *out, struct jc_err *err);

/* --- before leaving ------------------------------------------------------------------------------------ */

struct jc_terminal_kind_check {
    Jc__EntityKind kind;
    int64_t here, there;
    bool same; /* count and hash */
};
struct jc_terminal_missing {
    struct jc_uuid task_id; /* an open task … */
    struct jc_str unit_id;
    Jc__EntityKind kind; /* … whose unit, order or checklist is not here; UNSPECIFIED: one of its photos */
};
enum { JC_TERMINAL_KINDS = 8 };
struct jc_terminal_checked {
    bool matched; /* the listing here is the server's, to the byte */
    struct jc_terminal_kind_check kinds[JC_TERMINAL_KINDS];
    size_t kind_count;
    bool ready;    /* every open task with its unit, order, checklist and photos is here as the server has it */
    int64_t tasks; /* open ones here */
    struct jc_terminal_missing *missing;
    size_t missing_count;
};

/* Compares what is here with what the server says should be here; the result goes into the next report to the device
 * board. JC_FAILED_PRECONDITION if the listing has moved on or is not complete: sync first. A listing that does
 * not match (damage, a bug) is cured by jc_terminal_rebuild() and a sync; one that still differs then is for an
 * administrator. A complete sync does all of it by itself once a day, and behind a rebuild. */
enum jc_code jc_terminal_check(struct jc_terminal *terminal, const struct jc_transport *transport,
                               struct jc_arena *arena, struct jc_terminal_checked *out, struct jc_err *err);
/* The next sync fetches the whole listing; the old one is shown until then. Work, drafts and numbers stay. A sync does
 * it by itself when a planner asks for it. */
enum jc_code jc_terminal_rebuild(struct jc_terminal *terminal, struct jc_err *err);

/* --- without a network -------------------------------------------------------------------------------- */

/* Unsent work of the holder (and of ended enrolments) as one file, for `jiancha ingest` at the office; with `photos`
 * also the photos that the server does not have yet. Nothing changes here: work counts as sent once the receipt is
 * taken, by jc_terminal_accept() or by any later sync, and a file taken twice is one record. `path` appears whole and
 * durable or not at all. JC_FAILED_PRECONDITION if there is nothing to carry. */
struct jc_terminal_bundled {
    int64_t operations, blobs;
    int64_t blobs_missing; /* photos whose file is gone or is not what the record says */
    int64_t left_out;      /* unsent operations of the other people on this device: switch, and bundle again */
};
enum jc_code jc_terminal_bundle(struct jc_terminal *terminal, const char *path, bool photos,
                                struct jc_terminal_bundled *out, struct jc_err *err);

/* The receipt that `jiancha ingest` wrote. It counts if the server's key signed it; taking it again is fine.
 * JC_DATA_LOSS: cut off, altered, or not by a key known here. JC_INVALID_ARGUMENT: another kind of file.
 * JC_FAILED_PRECONDITION: for another terminal. */
struct jc_terminal_accepted {
    int64_t settled;       /* operations that left the outbox */
    int64_t already;       /* that had their receipt before */
    int64_t missing_blobs; /* photos of these records that the server still lacks */
};
enum jc_code jc_terminal_accept(struct jc_terminal *terminal, const char *path, struct jc_terminal_accepted *out,
                                struct jc_err *err);

/* Unfinished work of a task for a colleague's terminal, as a file: what was done so far and is not sent, the draft with
 * its photos, and what the listing says of task and unit. From then on nothing can be done about the task here, until
 * it is taken back. The work stays in the outbox as well: whichever terminal reaches the server first delivers it, the
 * other's is a repeat. Calling it again for the same person writes the file anew (the stick was lost). Stored before
 * the file is written; `path` appears whole and durable or not at all. JC_NOT_FOUND: no such task or inspector here.
 * JC_FAILED_PRECONDITION: the task is done, was returned, or was handed to somebody else. */
struct jc_terminal_giving {
    struct jc_uuid task_id;
    struct jc_str to_inspector_id;
    struct jc_str reason; /* may be empty */
    const char *path;
};
struct jc_terminal_given {
    struct jc_uuid operation_id; /* HandOverTask */
    int64_t operations, blobs;
    int64_t blobs_missing; /* photos whose file is gone or is not what the draft says */
    bool draft;
};
enum jc_code jc_terminal_hand_over(struct jc_terminal *terminal, const struct jc_terminal_giving *giving,
                                   struct jc_terminal_given *out, struct jc_err *err);

/* The other side. The holder goes on under the same inspection_id, from the draft (jc_terminal_drafts); photos lie in
 * the folder STORE.photos. The next sync hands the operations in for the other terminal before it sends its own, and
 * until then jc_terminal_safe_to_wipe() counts them as carried. Taking a file twice changes nothing. JC_DATA_LOSS: cut
 * off or altered. JC_INVALID_ARGUMENT: another kind of file. JC_FAILED_PRECONDITION: for another person or agency. */
struct jc_terminal_taken {
    struct jc_uuid task_id;
    struct jc_str unit_id;
    struct jc_str from_inspector_id;
    int64_t operations, blobs;
    bool draft;
    bool already; /* it was taken before */
};
enum jc_code jc_terminal_take_over(struct jc_terminal *terminal, const char *path, struct jc_arena *arena,
                                   struct jc_terminal_taken *out, struct jc_err *err);
/* Files of colleagues that wait to be handed in, the oldest first. */
struct jc_terminal_carried_file {
    uint8_t sha256[32];       /* its name */
    struct jc_uuid device_id; /* whose terminal made it */
    int64_t taken_ms, bytes;
};
enum jc_code jc_terminal_carried_list(struct jc_terminal *terminal, struct jc_arena *arena,
                                      struct jc_terminal_carried_file **out, size_t *count, struct jc_err *err);
/* Takes one that the server refuses for good out of the way, and loses nothing: it is written to the new file `path`,
 * whole as its terminal signed it, for `jiancha ingest` or the colleague; only then it is no longer handed in by syncs.
 * `name`: hex digits its sha256 begins with. JC_NOT_FOUND: none or several begin so. JC_ALREADY_EXISTS: there is a
 * file. */
enum jc_code jc_terminal_carried_drop(struct jc_terminal *terminal, struct jc_str name, const char *path,
                                      struct jc_terminal_carried_file *out, struct jc_err *err);
/* From now on receipts by this key of the server count. For a server that was restored without its keys: it signs with
 * one that no earlier key endorses, so syncs end with JC_DATA_LOSS until a person has compared the key with the
 * administrator's (`jiancha key list`). `fingerprint` is its public key in hex, or its key id. JC_NOT_FOUND: the server
 * offers no such key. JC_INVALID_ARGUMENT: no fingerprint. *already: it was known. */
enum jc_code jc_terminal_accept_key(struct jc_terminal *terminal, const struct jc_transport *transport,
                                    struct jc_str fingerprint, bool *already, struct jc_err *err);

/* --- before the device is given away ------------------------------------------------------------------ */

/* What only this terminal holds, each a count. Safe when all are zero. */
struct jc_terminal_wipe_state {
    int64_t unsent;        /* operations that wait: sync */
    int64_t unproven;      /* sent, but no verified receipt names them: sync with a server that signs */
    int64_t not_backed_up; /* on the server, but not in a backup of it yet: sync after the next backup */
    int64_t blobs;         /* photos that no receipt names yet: upload */
    int64_t drafts;        /* work begun and not submitted */
    int64_t carried;       /* bundles of other terminals that were not handed in */
    bool safe;
};
enum jc_code jc_terminal_safe_to_wipe(struct jc_terminal *terminal, struct jc_terminal_wipe_state *out,
                                      struct jc_err *err);
/* Empties the store, key included, and removes its file (photos lie where the caller put them). Only
 * jc_terminal_close() is allowed afterwards. JC_FAILED_PRECONDITION unless it is safe. */
enum jc_code jc_terminal_wipe(struct jc_terminal *terminal, struct jc_err *err);

/* --- tasks ------------------------------------------------------------------------------------------ */

/* What was done here about a task, whatever the server says of it. */
enum jc_terminal_local {
    JC_TERMINAL_LOCAL_NONE,
    JC_TERMINAL_LOCAL_STARTED,     /* on site: jc_terminal_begin */
    JC_TERMINAL_LOCAL_DONE,        /* record or recheck made */
    JC_TERMINAL_LOCAL_RETURNED,    /* sent back */
    JC_TERMINAL_LOCAL_HANDED_OVER, /* to a colleague: jc_terminal_hand_over */
};

struct jc_terminal_task {
    Jc__Task *task; /* NULL: work of a task that left this terminal, or of an ad hoc inspection */
    Jc__Unit *unit; /* NULL: not in the register here */
    struct jc_str unit_id;
    enum jc_terminal_local local;
    struct jc_uuid subject_id;            /* newest inspection or recheck made here; zeros: none */
    size_t unsent;                        /* its operations that wait */
    struct jc_terminal_outcome *outcomes; /* all of its operations, in order */
    size_t outcome_count;
};

/* Open tasks first, each group by due date; behind them the work that has no task here. */
enum jc_code jc_terminal_tasks(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_task **out,
                               size_t *count, struct jc_err *err);

/* --- work ------------------------------------------------------------------------------------------- */

/* 行政处罚法 Art. 42; the server checks against its parameter min_inspectors. */
enum { JC_TERMINAL_MIN_INSPECTORS = 2 };
/* A serialised operation; longer texts are refused. */
enum { JC_TERMINAL_BODY_MAX = 256 * 1024 };

enum jc_terminal_noun {
    JC_TERMINAL_TASK = 1,
    JC_TERMINAL_INSPECTION = 2,
    JC_TERMINAL_ORDER = 4,
    JC_TERMINAL_RECHECK = 8,
    JC_TERMINAL_NUMBER = 16, /* that was voided; nothing finds it again */
};

struct jc_terminal_ref {
    enum jc_terminal_noun noun;
    struct jc_uuid id;
};

/* What a piece of work became. */
struct jc_terminal_work {
    struct jc_uuid operation_id;
    struct jc_terminal_ref subject;
    struct jc_uuid task_id;             /* zeros: none */
    Jc__DocumentNumber document_number; /* number 0: the work carries none */
    bool recalled; /* the task had been taken back; the server accepts the late record and flags it */
    /* The newest other record of the unit within the agency's days (parameter duplicate_visit_days), if the server told of
     * one: the visit may be the second. NULL: none is known. */
    const Jc__RecentVisit *duplicate_of;
};

/* Arrival on site: StartInspection. The later jc_terminal_submit() of the task takes over its
 * inspection_id and, unless given, its start and persons. */
struct jc_terminal_arrival {
    struct jc_uuid task_id;
    int64_t started_ms;
    const char *const *inspector_ids;
    size_t inspector_count;
};
enum jc_code jc_terminal_begin(struct jc_terminal *terminal, const struct jc_terminal_arrival *arrival,
                               struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err);

/* An inspection as the inspector describes it. Left out: inspection_id, finding_id (of findings),
 * document_number; unit_id where task_id is given. Taken from the task or the unit when left out: mode,
 * checklist_id, place, workdays (persons × days of the lead and of each joining team), outcome (completed).
 * Persons are put in order, the lead's team first. Checked before anything is stored: end after start; two or
 * more different persons, none recused from the unit; checklist items known and answered once; each finding with
 * words and one outcome, a deadline behind the day of the inspection if and only if it is by deadline;
 * the representative's signature or refusal (not if the unit refused the inspection); known teams.
 * With a task_id it is the task's record (SubmitInspection), else AddAdHocInspection with `reason`.
 * JC_INVALID_ARGUMENT names what is wrong; JC_FAILED_PRECONDITION: the task is done, was returned, belongs
 * to the lead, or no document number is left (sync first). `inspection` is completed in place. */
struct jc_terminal_draft {
    Jc__Inspection *inspection;
    struct jc_str reason;             /* of an ad hoc inspection; may be empty */
    const struct jc_str *photo_paths; /* as many as inspection->photos, for the later upload; or NULL */
};
enum jc_code jc_terminal_submit(struct jc_terminal *terminal, const struct jc_terminal_draft *draft,
                                struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err);

/* Work begun and not submitted, kept through a flat battery. Save as often as you like (after each answer): each
 * save replaces the last in one transaction, and nothing is checked but that texts are text. Its identifier is the
 * inspection_id of what it becomes: taken from the arrival on site or an earlier draft of the task, and set in the
 * message. jc_terminal_submit() of the same inspection_id or task removes the draft in the transaction that stores the
 * record. Photo paths are kept with it. */
struct jc_terminal_saved {
    struct jc_uuid draft_id, task_id; /* task_id zeros: ad hoc */
    struct jc_str unit_id;
    int64_t changed_ms;
    struct jc_str handed_to; /* inspector it was handed over to; empty: nobody */
    struct jc_str reason;
    Jc__Inspection *inspection;
    struct jc_str *photo_paths; /* as many as inspection->photos, or NULL */
};
/* JC_NOT_FOUND for a task that is not here. */
enum jc_code jc_terminal_draft_save(struct jc_terminal *terminal, const struct jc_terminal_draft *draft,
                                    struct jc_arena *arena, struct jc_uuid *out, struct jc_err *err);
/* The newest first. */
enum jc_code jc_terminal_drafts(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_saved **out,
                                size_t *count, struct jc_err *err);
/* JC_NOT_FOUND. */
enum jc_code jc_terminal_draft_drop(struct jc_terminal *terminal, struct jc_uuid draft_id, struct jc_err *err);

/* Size, SHA-256 and media type of a photo (at most 64 MiB). The message is the arena's. */
enum jc_code jc_terminal_photo(const char *path, struct jc_arena *arena, Jc__Photo **out, struct jc_err *err);

/* IssueOrder: every finding of an inspection made here that is by deadline, in one order, before the first deadline. */
struct jc_terminal_order_draft {
    struct jc_uuid inspection_id;
    int64_t issued_ms;            /* 0: now */
    Jc__UnitSignature *signature; /* NULL: that of the record, if it is of the same day */
};
enum jc_code jc_terminal_order(struct jc_terminal *terminal, const struct jc_terminal_order_draft *draft,
                               struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err);

/* SubmitRecheck. Left out: recheck_id, order_id, document_number; workdays default to the task's. Every
 * item of the order that no earlier recheck found corrected (corrected_on, or made here) needs one
 * result; a new deadline is for what is not corrected and lies behind the day of the recheck; the
 * signature or its refusal is needed. `recheck` is completed in place. */
enum jc_code jc_terminal_recheck(struct jc_terminal *terminal, Jc__Recheck *recheck, struct jc_arena *arena,
                                 struct jc_terminal_work *out, struct jc_err *err);

/* ReturnTask: the planner decides; `reason` must have words. */
enum jc_code jc_terminal_return(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_str reason,
                                struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err);

/* VoidDocumentNumber: the next number of a kind, which was spoiled on paper, is never used; `reason` must have words. */
enum jc_code jc_terminal_void_number(struct jc_terminal *terminal, Jc__DocumentKind kind, struct jc_str reason,
                                     struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err);

/* What was handed over is done here after all, without the file. If the other terminal does it too, the server keeps
 * the second record for review. JC_FAILED_PRECONDITION if the task was not handed over. */
enum jc_code jc_terminal_take_back(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_arena *arena,
                                   struct jc_terminal_work *out, struct jc_err *err);

/* --- looking things up -------------------------------------------------------------------------------- */

/* What `text` names among `nouns` (or'ed): an identifier in hex, with or without dashes, whole or a unique
 * beginning or ending of 4 or more digits; a task also by its visit_id, or its unit_id if one task is
 * open there; an inspection, order or recheck also by its task. JC_NOT_FOUND; JC_INVALID_ARGUMENT if
 * it fits several. */
enum jc_code jc_terminal_find(struct jc_terminal *terminal, struct jc_str text, unsigned nouns,
                              struct jc_terminal_ref *out, struct jc_err *err);

/* One noun in full. Exactly one of the four messages is set. */
struct jc_terminal_record {
    struct jc_terminal_ref ref;
    Jc__Task *task;
    Jc__Inspection *inspection;
    Jc__RectificationOrder *order;
    Jc__Recheck *recheck;
    struct jc_str reason;                /* of an ad hoc inspection */
    Jc__Unit *unit;                      /* as it was when the work was done; NULL: unknown */
    struct jc_terminal_outcome *outcome; /* of the operation that carries it; NULL: it came from the server */
};
enum jc_code jc_terminal_load(struct jc_terminal *terminal, struct jc_terminal_ref ref, struct jc_arena *arena,
                              struct jc_terminal_record *out, struct jc_err *err);

/* The noun an operation carries; false for commands that carry none (StartInspection, ReturnTask …). */
bool jc_terminal_record_noun(const struct jc_terminal_outcome *outcome, struct jc_terminal_ref *out);

/* The order a recheck task asks about, as the server last told it (deadlines in force, what is corrected),
 * else as made here; JC_NOT_FOUND if neither the server sent it nor it was made here. */
enum jc_code jc_terminal_order_of(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_arena *arena,
                                  Jc__RectificationOrder **out, struct jc_err *err);

/* --- documents ---------------------------------------------------------------------------------------- */

/* 应急检记〔2023〕1号; appends nothing for number 0. */
void jc_terminal_document_number(struct jc_buf *out, const Jc__DocumentNumber *number);

/* 现场检查记录, 责令限期整改指令书 or 整改复查意见书 as text, with the unit, persons and checklist as they
 * were when the work was done. JC_INVALID_ARGUMENT for a task. */
enum jc_code jc_terminal_document(struct jc_terminal *terminal, struct jc_terminal_ref ref, enum jc_lang lang,
                                  struct jc_buf *out, struct jc_err *err);

#endif
