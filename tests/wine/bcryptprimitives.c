/* The one function of a Windows library that Rust's standard library takes its random numbers from and Wine 8 lacks. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T length) {
  return RtlGenRandom(data, (ULONG)length);
}
