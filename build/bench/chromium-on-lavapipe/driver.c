/*
 * Stands in Chromium's folder under SwiftShader's name. Chromium's software adapter is SwiftShader and no other: it opens this
 * library by that name and asks for SwiftShader's vendor and device. So Dawn, which asks through vkGetInstanceProcAddr, gets
 * Mesa's lavapipe with those two numbers; what comes through the Vulkan loader (ANGLE) gets SwiftShader as before. Lavapipe
 * lets a shader see 128 MiB of a buffer, a constant of its source and not of its compiler; it is told as 1 GiB, because an
 * embedding of Qwen3's size has to be bound whole.
 *
 * Measuring equipment: compiled by `prepare.ts` with LAVAPIPE and SWIFTSHADER as the two libraries' paths.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

typedef void (*Function)(void);
typedef Function (*Finder)(void *instance, const char *name);
typedef int (*Negotiator)(uint32_t *version);
typedef void (*Asker)(void *device, uint32_t *answer);

enum { VENDOR = 0x1AE0, DEVICE = 0xC0DE, RANGE = 1 << 30 };
/* Words before these fields of VkPhysicalDeviceProperties, and before those in VkPhysicalDeviceProperties2. */
enum { VENDOR_WORD = 2, DEVICE_WORD = 3, RANGE_WORD = 81, HEAD_WORDS = 4 };

static Asker properties, properties2;

static void *symbol(const char *path, const char *name) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  return library ? dlsym(library, name) : 0;
}

static void change(uint32_t *answer) {
  answer[VENDOR_WORD] = VENDOR;
  answer[DEVICE_WORD] = DEVICE;
  answer[RANGE_WORD] = RANGE; /* limits.maxStorageBufferRange */
}

static void ask_properties(void *device, uint32_t *answer) {
  properties(device, answer);
  change(answer);
}

static void ask_properties2(void *device, uint32_t *answer) {
  properties2(device, answer);
  change(answer + HEAD_WORDS);
}

Function vkGetInstanceProcAddr(void *instance, const char *name) {
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (Function)vkGetInstanceProcAddr;
  Function found = ((Finder)symbol(LAVAPIPE, "vk_icdGetInstanceProcAddr"))(instance, name);
  if (found && !strcmp(name, "vkGetPhysicalDeviceProperties")) {
    properties = (Asker)found;
    return (Function)ask_properties;
  }
  if (found && !strncmp(name, "vkGetPhysicalDeviceProperties2", 30)) {
    properties2 = (Asker)found;
    return (Function)ask_properties2;
  }
  return found;
}

Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  return ((Finder)symbol(SWIFTSHADER, "vk_icdGetInstanceProcAddr"))(instance, name);
}

int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  return ((Negotiator)symbol(SWIFTSHADER, "vk_icdNegotiateLoaderICDInterfaceVersion"))(version);
}
