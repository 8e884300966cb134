// The model's values hold JSON as it came: who reads them needs its types.
@_exported public import LosslessJSON
