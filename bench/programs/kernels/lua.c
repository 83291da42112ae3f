// SPDX-License-Identifier: BSD-2-Clause
// Lua on a script, which gets the words and returns a text: its checksum. lua SCRIPT WORDS...
#include <lauxlib.h>
#include <lualib.h>

#include "kernel.h"

int main(int count, char **words) {
    lua_State *lua = luaL_newstate();
    if (count < 2 || !lua) {
        return 2;
    }
    luaL_openlibs(lua);
    int failed = luaL_loadfile(lua, words[1]);
    for (int i = 2; !failed && i < count; i++) {
        lua_pushstring(lua, words[i]);
    }
    double start = now();
    if (failed || lua_pcall(lua, count - 2, 1, 0) || !lua_isstring(lua, -1)) {
        fprintf(stderr, "lua: %s\n", lua_tostring(lua, -1));
        return 1;
    }
    double took = now() - start;
    size_t size;
    const char *text = lua_tolstring(lua, -1, &size);
    uint64_t sum = mix_bytes(EMPTY, text, size);
    lua_close(lua);
    return report(sum, took);
}
