/* An address as limits count it: IPv4 whole, IPv6 by its first 64 bits, which are what one customer gets. */
#ifndef JC_HTTP_ADDRESS_H
#define JC_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { JC_ADDRESS_KEY = 8 };

void jc_address_key(const struct sockaddr *address, uint8_t key[JC_ADDRESS_KEY]);
/* This machine itself: 127.0.0.0/8, ::1, and the former written as IPv6. */
bool jc_address_is_loopback(const struct sockaddr *address);

#endif
