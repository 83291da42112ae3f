// SPDX-License-Identifier: BSD-2-Clause
// Images of the TA that the program opens as files: its dynamic linker finds each library in memory already.
//
// An open of a library's name, in whatever directory, gives a file whose header and read-only parts are those of the
// image. A mapping of it gives the image itself; the mappings that the dynamic linker then lays over it (further
// segments, .bss) change nothing but to clear what has to be zero. Image 0 is the program.
#include "audit.h"
#include "files.h"

enum { PT_LOAD = 1, PF_WRITE = 2, PF_READ = 4 };

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, align;
};

static u8 closed[EH_MAX_IMAGES]; // its first mapping was taken away: what it had written stays behind

static const struct eh_image *image_at(u32 index) { return &eh_config.images[index]; }

static u64 base_of(const struct eh_image *image) { return EH_BASE + image->base; }

// Several names may lead to one image: the first of them stands for all.
static u32 first_at(u64 base) {
    u32 i = 0;
    while (image_at(i)->base != base)
        i++;
    return i;
}

static int dynamic(void) { return eh_config.head.image_count > 1; }

static u32 last_component(const char *path, u32 length) {
    u32 at = length;
    while (at && path[at - 1] != '/')
        at--;
    return at;
}

u32 image_named(const char *path, u32 length) {
    u32 last = last_component(path, length);
    for (u32 i = 1; i < eh_config.head.image_count; i++) {
        const char *name = image_at(i)->name;
        u32 at = *name == '/' ? 0 : last; // a path, or a name in whatever directory
        if (eh_equal(path + at, length - at, name, eh_length(name)))
            return first_at(image_at(i)->base);
    }
    return 0;
}

static int is(const char *path, u32 length, const char *text) {
    return eh_equal(path, length, text, eh_length(text));
}

// "lib*.so*" as a dynamic linker builds it from a directory and a needed name.
static int names_library(const char *name, u32 length) {
    if (length < 6 || memcmp(name, "lib", 3))
        return 0;
    for (u32 i = 3; i + 3 <= length; i++)
        if (!memcmp(name + i, ".so", 3) && (i + 3 == length || name[i + 3] == '.'))
            return 1;
    return 0;
}

int image_probe(const char *path, u32 length) {
    u32 at = last_component(path, length);
    return dynamic() && (is(path, length, "/etc/ld.so.cache") || is(path, length, "/etc/ld.so.preload") ||
                         names_library(path + at, length - at));
}

// An image that is no ELF is a file that the packer has put there: it lies in memory as it is.
static const struct elf_segment *segments(const struct eh_image *image, u32 *count) {
    static struct elf_segment whole = {.type = PT_LOAD, .flags = PF_READ};
    const struct elf_header *header = (const void *)base_of(image);
    if (memcmp(header->ident, "\177ELF", 4)) {
        whole.file_size = whole.memory_size = image->file_size;
        *count = 1;
        return &whole;
    }
    *count = header->phnum;
    return (const void *)((const u8 *)header + header->phoff);
}

struct eh_file *image_open(u32 index, u32 flags) {
    struct eh_file *file = file_new(FILE_REGULAR, (flags & ~(u32)O_CLOEXEC) | O_LARGEFILE);
    if (!file)
        return 0;
    file->image = index;
    file->size = image_size(index);
    return file;
}

u64 image_size(u32 index) { return image_at(index)->file_size; }

// The read-only segment that holds the byte at `offset` of the file; 0: it is not in memory as it was.
static const struct elf_segment *holder(const struct eh_image *image, u64 offset) {
    u32 count;
    const struct elf_segment *s = segments(image, &count);
    for (u32 i = 0; i < count; i++)
        if (s[i].type == PT_LOAD && !(s[i].flags & PF_WRITE) && offset >= s[i].offset &&
            offset - s[i].offset < s[i].file_size)
            return &s[i];
    return 0;
}

s64 image_read(const struct eh_file *file, struct eh_span *s, u64 offset) {
    const struct eh_image *image = image_at(file->image);
    u64 start = offset;
    while (s->left && offset < file->size) {
        const struct elf_segment *from = holder(image, offset);
        if (!from)
            return offset > start ? (s64)(offset - start) : -EIO;
        u64 at = offset - from->offset, size = EH_MIN(s->left, from->file_size - at);
        span_write(s, (const void *)(base_of(image) + from->address + at), size);
        offset += size;
    }
    return (s64)(offset - start);
}

// Where the segment that begins in the page at `offset` of the file lies; 0: there is none, or not at `wanted`.
static u64 place_of(const struct eh_image *image, u64 offset, u64 wanted) {
    u32 count;
    const struct elf_segment *s = segments(image, &count);
    for (u32 i = 0; i < count; i++) {
        u64 at = base_of(image) + EH_PAGE_DOWN(s[i].address);
        if (s[i].type == PT_LOAD && EH_PAGE_DOWN(s[i].offset) == offset && (!wanted || at == wanted))
            return at;
    }
    return 0;
}

s64 image_map(const struct eh_file *file, u64 wanted, u64 size, u64 offset) {
    const struct eh_image *image = image_at(file->image);
    if (!wanted && closed[file->image]) {
        trace_message("mmap: a library that was closed cannot be opened again");
        return -ENOMEM;
    }
    u64 at = place_of(image, offset, wanted);
    if (!at || size > image->span || at - base_of(image) > image->span - size) {
        trace_message("mmap: a library is mapped as it lies in the TA, and in no other way");
        return -ENODEV;
    }
    return (s64)at;
}

static const struct eh_image *image_holding(u64 address, u64 size) {
    for (u32 i = 0; i < eh_config.head.image_count; i++) {
        u64 at = address - base_of(image_at(i));
        if (address >= base_of(image_at(i)) && at <= image_at(i)->span && size <= image_at(i)->span - at)
            return image_at(i);
    }
    return 0;
}

s64 image_clear(u64 address, u64 size) {
    if (!image_holding(address, size))
        return 0;
    if (vma_prefix(&eh_map, address, size, PROT_WRITE) != size)
        return -EACCES;
    memset((void *)address, 0, size);
    return (s64)address;
}

int image_gap(u64 address, u64 size) {
    return image_holding(address, size) && !vma_covers(&eh_map, address, address + size);
}

void image_unmapped(u64 address) {
    for (u32 i = 1; i < eh_config.head.image_count; i++)
        if (address == base_of(image_at(i)))
            closed[first_at(image_at(i)->base)] = 1;
}
