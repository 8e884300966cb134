// Who links the library needs one import: its answers are made of the model's types.
@_exported public import LeaseModel
