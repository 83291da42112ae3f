// SPDX-License-Identifier: BSD-2-Clause
//! census: counts and hashes the files it is given, and prints what it found as JSON.
//!
//!     census FILE...        "-" is standard input; the status is 1 when a file could not be read
//!
//! Zig's own runtime, without any libc: the calls of Linux are made straight from Zig's standard library.
const std = @import("std");
const Io = std.Io;
const Sha256 = std.crypto.hash.sha2.Sha256;

const Word = struct { word: []const u8, count: u32 };
const Census = struct { path: []const u8, bytes: u64, lines: u64, words: u64, sha256: []const u8, common: []const Word };
const Failure = struct { path: []const u8, @"error": []const u8 };

/// What is known of the stream so far; `take` may be given pieces cut anywhere.
const Counter = struct {
    arena: std.mem.Allocator,
    hash: Sha256 = .init(.{}),
    bytes: u64 = 0,
    lines: u64 = 0,
    words: u64 = 0,
    word: std.ArrayList(u8) = .empty,
    counts: std.StringArrayHashMapUnmanaged(u32) = .empty,

    fn take(self: *Counter, piece: []const u8) !void {
        self.hash.update(piece);
        self.bytes += piece.len;
        for (piece) |byte| {
            if (byte == '\n') self.lines += 1;
            if (std.ascii.isAlphabetic(byte) or byte >= 0x80) {
                try self.word.append(self.arena, std.ascii.toLower(byte));
            } else try self.endWord();
        }
    }

    fn endWord(self: *Counter) !void {
        if (self.word.items.len == 0) return;
        self.words += 1;
        const slot = try self.counts.getOrPut(self.arena, self.word.items);
        if (!slot.found_existing) {
            slot.key_ptr.* = try self.arena.dupe(u8, self.word.items);
            slot.value_ptr.* = 0;
        }
        slot.value_ptr.* += 1;
        self.word.clearRetainingCapacity();
    }

    /// The most frequent words, ties in alphabetical order.
    fn common(self: *Counter, most: usize) ![]const Word {
        const all = try self.arena.alloc(Word, self.counts.count());
        for (all, self.counts.keys(), self.counts.values()) |*row, word, count| row.* = .{ .word = word, .count = count };
        std.mem.sort(Word, all, {}, before);
        return all[0..@min(most, all.len)];
    }

    fn before(_: void, a: Word, b: Word) bool {
        if (a.count != b.count) return a.count > b.count;
        return std.mem.lessThan(u8, a.word, b.word);
    }
};

fn takeCensus(arena: std.mem.Allocator, io: Io, path: []const u8) !Census {
    const standard_input = std.mem.eql(u8, path, "-");
    const file: Io.File = if (standard_input) .stdin() else try Io.Dir.cwd().openFile(io, path, .{});
    defer if (!standard_input) file.close(io);
    var buffer: [4096]u8 = undefined;
    var reader = file.readerStreaming(io, &buffer);
    var counter: Counter = .{ .arena = arena };
    while (true) {
        const piece = reader.interface.peekGreedy(1) catch |err| switch (err) {
            error.EndOfStream => break,
            error.ReadFailed => return reader.err.?,
        };
        try counter.take(piece);
        reader.interface.toss(piece.len);
    }
    try counter.endWord();
    const digest = std.fmt.bytesToHex(counter.hash.finalResult(), .lower);
    return .{
        .path = path,
        .bytes = counter.bytes,
        .lines = counter.lines,
        .words = counter.words,
        .sha256 = try arena.dupe(u8, &digest),
        .common = try counter.common(3),
    };
}

pub fn main(init: std.process.Init) !u8 {
    const arena = init.arena.allocator();
    const arguments = try init.minimal.args.toSlice(arena);
    var buffer: [1024]u8 = undefined;
    var stdout: Io.File.Writer = .initStreaming(.stdout(), init.io, &buffer);
    var json: std.json.Stringify = .{ .writer = &stdout.interface, .options = .{ .whitespace = .indent_2 } };
    var status: u8 = 0;
    try json.beginArray();
    for (arguments[1..]) |path| {
        if (takeCensus(arena, init.io, path)) |census| {
            try json.write(census);
        } else |err| {
            try json.write(Failure{ .path = path, .@"error" = @errorName(err) });
            status = 1;
        }
    }
    try json.endArray();
    try stdout.interface.writeByte('\n');
    try stdout.interface.flush();
    return status;
}
