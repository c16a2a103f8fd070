/* One Connect unary call: message out, message or typed error back.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_CALL_H
#define JC_TERMINAL_CALL_H

#include "terminal/store.h"

/* Answers larger than this are refused. */
enum { JC_TERMINAL_ANSWER_MAX = 32 * 1024 * 1024 };

struct jc_terminal_call {
    const char *procedure; /* "/jiancha.v1.SyncService/Sync" */
    struct jc_str token;
    struct jc_str request;                  /* serialised */
    const ProtobufCMessageDescriptor *type; /* of the answer */
    /* out */
    ProtobufCMessage *answer; /* the arena's */
    bool refused;             /* the call failed with an error of the server's own (typed, or its kind of status),
                   * not because something on the way was cut */
    bool cut;                 /* nothing whole came although there was a way: a smaller answer may get through */
};

/* JC_OK and `answer`, or: the transport's failure, the server's error code with its words, or JC_DATA_LOSS for
 * a 200 whose body is no such message. */
enum jc_code jc_terminal_call(const struct jc_transport *transport, struct jc_terminal_call *call,
                              struct jc_arena *arena, struct jc_err *err);

#endif
