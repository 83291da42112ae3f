# SPDX-License-Identifier: BSD-2-Clause
"""The table of the Internal Core API's functions, as OP-TEE has them, with the Python form of each.

A form is a name of elfhaven.ta, or of one of its modules. One in parentheses is the language's own: there is
nothing to call. `test` is the function in tests/unit/python_ta that shows it.
"""

from __future__ import annotations

from typing import NamedTuple


class Function(NamedTuple):
    group: str
    name: str  # without TEE_
    form: str
    test: str

    @property
    def is_language(self) -> bool:
        return self.form.startswith("(")


_TABLE = """
# Properties
GetPropertyAsString | Properties.string | test_properties
GetPropertyAsBool | Properties.boolean | test_properties
GetPropertyAsU32 | Properties.u32 | test_properties
GetPropertyAsU64 | Properties.u64 | test_properties
GetPropertyAsBinaryBlock | Properties.binary | test_properties
GetPropertyAsUUID | Properties.uuid | test_properties
GetPropertyAsIdentity | Properties.identity | test_properties
AllocatePropertyEnumerator | Properties.__iter__ | test_properties
FreePropertyEnumerator | (the end of a `for` over Properties) | test_properties
StartPropertyEnumerator | Properties.__iter__ | test_properties
ResetPropertyEnumerator | (a new `for` over Properties) | test_properties
GetPropertyName | Properties.__iter__ | test_properties
GetNextProperty | Properties.__iter__ | test_properties
# Panic
Panic | panic | test_a_bug_and_a_panic_end_the_ta
# Other TAs
OpenTASession | TaSession | test_another_ta
CloseTASession | TaSession.close | test_another_ta
InvokeTACommand | TaSession.invoke | test_another_ta
# Cancellation
GetCancellationFlag | is_cancelled | test_masking
UnmaskCancellation | unmask_cancellation | test_masking
MaskCancellation | mask_cancellation | test_masking
# Memory
CheckMemoryAccessRights | MemrefInput.check | test_the_rights_of_memory
SetInstanceData | (an attribute of the TA's `self`) | test_instances_and_sessions
GetInstanceData | (an attribute of the TA's `self`) | test_instances_and_sessions
Malloc | (bytearray) | test_python_client
Realloc | (bytearray) | test_python_client
Free | (bytearray) | test_python_client
MemMove | (a slice of a bytearray) | test_python_client
MemCompare | same | test_comparing
MemFill | (a slice of a bytearray) | test_python_client
# Objects
GetObjectInfo | ObjectHandle.info | test_transient_objects
GetObjectInfo1 | ObjectHandle.info | test_transient_objects
RestrictObjectUsage | ObjectHandle.restrict_usage | test_transient_objects
RestrictObjectUsage1 | ObjectHandle.restrict_usage | test_transient_objects
GetObjectBufferAttribute | ObjectHandle.attribute | test_transient_objects
GetObjectValueAttribute | ObjectHandle.value | test_a_pair_and_its_public_half
CloseObject | ObjectHandle.close | test_transient_objects
AllocateTransientObject | TransientObject | test_transient_objects
FreeTransientObject | TransientObject.close | test_transient_objects
ResetTransientObject | TransientObject.reset | test_transient_objects
PopulateTransientObject | TransientObject.populate | test_transient_objects
InitRefAttribute | Attribute.ref | test_attributes_of_the_wrong_form
InitValueAttribute | Attribute.value | test_attributes_of_the_wrong_form
CopyObjectAttributes | TransientObject.copy_from | test_a_pair_and_its_public_half
CopyObjectAttributes1 | TransientObject.copy_from | test_a_pair_and_its_public_half
GenerateKey | TransientObject.generate | test_transient_objects
OpenPersistentObject | PersistentObject.open | test_a_stream
CreatePersistentObject | PersistentObject.create | test_a_stream
CloseAndDeletePersistentObject | PersistentObject.delete | test_a_stream
CloseAndDeletePersistentObject1 | PersistentObject.delete | test_a_stream
RenamePersistentObject | PersistentObject.rename | test_a_stream
AllocatePersistentObjectEnumerator | ObjectEnumerator | test_enumeration
FreePersistentObjectEnumerator | ObjectEnumerator.close | test_enumeration
ResetPersistentObjectEnumerator | ObjectEnumerator.reset | test_enumeration
StartPersistentObjectEnumerator | ObjectEnumerator.start | test_enumeration
GetNextPersistentObject | ObjectEnumerator.next | test_enumeration
# Data streams
ReadObjectData | PersistentObject.read | test_a_stream
WriteObjectData | PersistentObject.write | test_a_stream
TruncateObjectData | PersistentObject.truncate | test_a_stream
SeekObjectData | PersistentObject.seek | test_a_stream
# Operations
AllocateOperation | Operation | test_usage
FreeOperation | Operation.close | test_usage
GetOperationInfo | Operation.info | test_digests
GetOperationInfoMultiple | Operation.info | test_macs
ResetOperation | Operation.reset | test_resetting
SetOperationKey | Operation.set_key | test_resetting
SetOperationKey2 | Operation.set_key | test_resetting
CopyOperation | Digest.copy | test_digests
IsAlgorithmSupported | is_algorithm_supported | test_algorithms
# Digests
DigestUpdate | Digest.update | test_digests
DigestDoFinal | Digest.finish | test_digests
DigestExtract | Digest.extract | test_extracting
# Ciphers
CipherInit | Cipher.init | test_cbc_both_ways
CipherUpdate | Cipher.update | test_cbc_both_ways
CipherDoFinal | Cipher.finish | test_cbc_both_ways
# MACs
MACInit | Mac.init | test_macs
MACUpdate | Mac.update | test_macs
MACComputeFinal | Mac.compute | test_macs
MACCompareFinal | Mac.compare | test_macs
# Authenticated encryption
AEInit | AuthenticatedCipher.init | test_gcm
AEUpdateAAD | AuthenticatedCipher.update_aad | test_gcm
AEUpdate | AuthenticatedCipher.update | test_gcm
AEEncryptFinal | AuthenticatedCipher.encrypt_final | test_gcm
AEDecryptFinal | AuthenticatedCipher.decrypt_final | test_gcm
# Asymmetric operations
AsymmetricEncrypt | AsymmetricCipher.encrypt | test_rsa
AsymmetricDecrypt | AsymmetricCipher.decrypt | test_rsa
AsymmetricSignDigest | Signature.sign | test_rsa
AsymmetricVerifyDigest | Signature.verify | test_rsa
# Key derivation
DeriveKey | KeyDerivation.derive | test_two_sides_derive_one_secret
# Random numbers
GenerateRandom | random_bytes | test_random
# Time
GetSystemTime | system_time | test_time
Wait | wait | test_time
GetTAPersistentTime | ta_time | test_time
SetTAPersistentTime | set_ta_time | test_time
GetREETime | ree_time | test_time
# Arithmetic
BigIntSizeInU32 | (int: a number needs no room) | test_arithmetic
BigIntFMMSizeInU32 | (int: a number needs no room) | test_arithmetic
BigIntFMMContextSizeInU32 | (int: multiplication needs no context) | test_arithmetic
BigIntInit | (int) | test_arithmetic
BigIntInitFMMContext | (int: multiplication needs no context) | test_arithmetic
BigIntInitFMMContext1 | (int: multiplication needs no context) | test_arithmetic
BigIntInitFMM | (int) | test_arithmetic
BigIntConvertFromOctetString | arithmetic.from_octets | test_arithmetic
BigIntConvertToOctetString | arithmetic.to_octets | test_arithmetic
BigIntConvertFromS32 | (int) | test_arithmetic
BigIntConvertToS32 | arithmetic.to_s32 | test_arithmetic
BigIntCmp | arithmetic.compare | test_arithmetic
BigIntCmpS32 | arithmetic.compare | test_arithmetic
BigIntShiftRight | arithmetic.shift_right | test_arithmetic
BigIntGetBit | arithmetic.bit | test_arithmetic
BigIntGetBitCount | arithmetic.bit_count | test_arithmetic
BigIntSetBit | arithmetic.with_bit | test_arithmetic
BigIntAssign | (=) | test_arithmetic
BigIntAbs | (abs) | test_arithmetic
BigIntAdd | (+) | test_arithmetic
BigIntSub | (-) | test_arithmetic
BigIntNeg | (-) | test_arithmetic
BigIntMul | (*) | test_arithmetic
BigIntSquare | (** 2) | test_arithmetic
BigIntDiv | arithmetic.divide | test_arithmetic
BigIntMod | arithmetic.mod | test_arithmetic
BigIntAddMod | arithmetic.add_mod | test_arithmetic
BigIntSubMod | arithmetic.sub_mod | test_arithmetic
BigIntMulMod | arithmetic.mul_mod | test_arithmetic
BigIntSquareMod | arithmetic.mul_mod | test_arithmetic
BigIntInvMod | arithmetic.inverse_mod | test_arithmetic
BigIntExpMod | arithmetic.exp_mod | test_arithmetic
BigIntRelativePrime | arithmetic.relative_prime | test_arithmetic
BigIntComputeExtendedGcd | arithmetic.extended_gcd | test_arithmetic
BigIntIsProbablePrime | arithmetic.is_probable_prime | test_arithmetic
BigIntConvertToFMM | (int: one form for all) | test_arithmetic
BigIntConvertFromFMM | (int: one form for all) | test_arithmetic
BigIntComputeFMM | arithmetic.mul_mod | test_arithmetic
"""


def functions() -> tuple[Function, ...]:
    """All rows, in the standard's order."""
    out, group = [], ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("# "):
            group = line[2:]
        else:
            name, form, test = (part.strip() for part in line.split("|"))
            out.append(Function(group, name, form, test))
    return tuple(out)
