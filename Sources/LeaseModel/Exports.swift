// Values of this module hold JSON, so anyone who uses them needs the types of JSON.
@_exported public import LosslessJSON
